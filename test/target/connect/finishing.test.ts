import { describe, expect, test } from 'vitest';
import { embeddedServer } from '../../support/services/embeddedServer.js';
import { startProcess } from './startProcess.js';

describe('A process that has closed its target', () => {
  test('A process that has closed its target ends by itself', async () => {
    const server = await embeddedServer();
    expect(await startProcess(server.connectionString).end).toContain('tail: ');
    expect(server.lastRevision('billing')).toBe(1);
  });

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
