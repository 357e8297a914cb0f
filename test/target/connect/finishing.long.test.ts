import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { embeddedServer } from '../../support/services/embeddedServer.js';
import { until } from '../../support/waits.js';
import { startProcess } from './startProcess.js';

describe('A process that closes its target while it waits for an answer', () => {
  test('A process that closes its target while a server is silent ends by itself', async () => {
    const server = await embeddedServer();
    server.faults.silent = true;
    const program = startProcess(server.connectionString, { impatient: true });
    program.hurry();
    expect(await program.end).toContain('closed');
  });

  test.each(['tls=true', 'tls=false'])(
    'A process that closes its target while a handshake is never answered ends by itself (%s)',
    async (tls) => {
      const frozen = createServer((socket) => socket.on('error', () => undefined));
      frozen.listen(0, '127.0.0.1');
      await once(frozen, 'listening');
      onTestFinished(() => void frozen.close());
      const { port } = frozen.address() as AddressInfo;
      const program = startProcess(`esdb://127.0.0.1:${port}?${tls}`, { impatient: true });
      await until('the process to connect', once(frozen, 'connection'));
      program.hurry();
      expect(await program.end).toContain('closed');
    },
  );
});
