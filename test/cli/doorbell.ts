import { createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Something that listens and counts who comes; it sends them away, or says nothing. */
export async function doorbell(how: 'closed' | 'silent' = 'closed'): Promise<{ readonly port: number; rung: number }> {
  const bell = { port: 0, rung: 0 };
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    bell.rung += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (how === 'closed') socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  bell.port = (listener.address() as AddressInfo).port;
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return bell;
}
