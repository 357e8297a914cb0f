import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * A TCP proxy to a local port. While it is stalled it accepts connections but reads from neither side, so that what is
 * sent fills the buffers of the sockets, and flow control holds the senders back. It never loses anything.
 */
export interface StallingRoad {
  readonly port: number;
  /** How many connections it has accepted so far. */
  readonly taken: number;
  stall(): void;
  flow(): void;
}

export async function stallingRoad(to: number): Promise<StallingRoad> {
  const sockets = new Map<Socket, Socket>();
  let stalled = false;
  let taken = 0;
  const lead = (from: Socket, into: Socket): void => {
    sockets.set(from, into);
    from.on('data', (bytes) => {
      if (!into.write(bytes)) from.pause();
    });
    into.on('drain', () => void (stalled || from.resume()));
    from.on('error', () => into.destroy());
    from.on('close', () => {
      sockets.delete(from);
      into.destroy();
    });
    if (stalled) from.pause();
  };
  const server = createServer((incoming) => {
    taken++;
    const outgoing = connect(to, '127.0.0.1');
    lead(incoming, outgoing);
    lead(outgoing, incoming);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets.keys()) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    get taken() {
      return taken;
    },
    stall: () => {
      stalled = true;
      for (const from of sockets.keys()) from.pause();
    },
    flow: () => {
      stalled = false;
      for (const from of sockets.keys()) from.resume();
    },
  };
}
