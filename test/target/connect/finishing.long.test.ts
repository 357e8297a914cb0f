import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
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

describe('A process that has closed its target', () => {
  test('A process that has closed its target after failures ends by itself, and shows no password even when the library is told to talk', async () => {
    const secret = 'open-sesame';
    const connectionString = `esdb://admin:${secret}@127.0.0.1:1,127.0.0.1:2?tls=false&tlsVerifyCert=false`;
    const printed = await startProcess(connectionString, { DEBUG: '*' }).end;
    expect(printed).toContain('failed: Failure: ');
    expect(printed).toContain('esdb:connection');
    expect(printed).not.toContain(secret);
    expect(printed).not.toContain(Buffer.from(`admin:${secret}`).toString('base64'));
  });
});
