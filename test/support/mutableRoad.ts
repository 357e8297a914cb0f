import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A road to a local port on which nothing comes through any more once it is `mute`: calls are taken, never answered. */
export interface MutableRoad {
  readonly port: number;
  mute: boolean;
  /** Breaks everything that is on its way. */
  cut(): void;
}

export async function mutableRoad(to: number): Promise<MutableRoad> {
  const sockets = new Set<Socket>();
  const server = createServer((incoming) => {
    const outgoing = connect(to, '127.0.0.1');
    for (const [socket, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      sockets.add(socket);
      socket.on('data', (bytes) => void (road.mute || other.write(bytes)));
      socket.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const road = { port: (server.address() as AddressInfo).port, mute: false, cut };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return road;
}
