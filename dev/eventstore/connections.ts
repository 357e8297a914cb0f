import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The address that the embedded server listens on; no other machine can reach it. */
export const LOOPBACK = '127.0.0.1';

/** Accepts connections on the loopback address and remembers them, so that they can be cut. */
export class Connections {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  constructor(take: (socket: Socket) => void) {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      socket.setNoDelay(true);
      take(socket);
    });
  }

  /** Starts to listen; for port 0, on a free one. Returns the port. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, LOOPBACK, resolve);
    });
    return (this.server.address() as AddressInfo).port;
  }

  /** Cuts every connection. */
  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Cuts every connection and stops listening. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.drop();
    await closed;
  }
}
