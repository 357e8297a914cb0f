import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { closeMuteSockets, watchSockets } from '../../../src/target/connect/muteSockets.js';

/** Listens on a free port for the running test. */
async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function connected(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

describe('Sockets on which the other side is silent', () => {
  test('are closed by port and age; those that were spoken to are not', async () => {
    watchSockets();
    watchSockets();
    const mute = await listen(createServer());
    const other = await listen(createServer());
    const talking = await listen(createServer((socket) => socket.write('hello')));
    const [silent, elsewhere, spoken] = [await connected(mute), await connected(other), await connected(talking)];
    await once(spoken, 'data');

    closeMuteSockets(new Set([mute, talking]), 60_000);
    expect(silent.destroyed).toBe(false);
    closeMuteSockets(new Set([mute, talking]), 0);
    expect([silent, elsewhere, spoken].map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
  });
});
