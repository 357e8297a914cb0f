import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { OwnSockets } from '../../../src/target/connect/ownSockets.js';

/** Listens on a free port for the running test. */
async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function connected(port: number, own: OwnSockets): Promise<Socket> {
  const socket = own.open(() => connect({ host: '127.0.0.1', port }));
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

describe('The sockets of a connection', () => {
  test('The sockets of a connection are closed where the other side never spoke; those that got an answer, and those of another connection, stay open', async () => {
    const mute = await listen(createServer());
    const talking = await listen(createServer((socket) => socket.write('hello')));
    const [own, others] = [new OwnSockets(), new OwnSockets()];
    const [silent, elsewhere] = [await connected(mute, own), await connected(mute, others)];
    const spoken = own.open(() => connect({ host: '127.0.0.1', port: talking }));
    onTestFinished(() => void spoken.destroy());
    await once(spoken, 'data');

    own.closeMute();
    expect([silent, elsewhere, spoken].map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
  });

  test('The sockets of a connection include one that is opened later by what the connection began', async () => {
    const own = new OwnSockets();
    const port = await listen(createServer());
    const socket = await own.open(async (end) => {
      await new Promise((resolve) => setImmediate(resolve));
      const opened = connect({ host: '127.0.0.1', port });
      onTestFinished(() => void opened.destroy());
      end();
      return opened;
    });
    own.closeMute();
    expect(socket.destroyed).toBe(true);
  });
});
