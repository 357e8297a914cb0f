import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { embeddedServer } from '../support/embeddedServer.js';

const program = fileURLToPath(new URL('finishingProcess.ts', import.meta.url));

/** Runs the program to its end and returns what it printed; it is killed, and this rejects, if it does not end. */
async function run(connectionString: string, environment: Record<string, string> = {}): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', program, connectionString, 'billing'],
    { timeout: 25_000, env: { ...process.env, ...environment } },
  );
  return stdout + stderr;
}

describe('A process that has closed its target', () => {
  test('ends by itself', async () => {
    const server = await embeddedServer();
    expect(await run(server.connectionString)).toContain('tail: event');
    expect(server.lastRevision('billing')).toBe(1);
  });

  test('ends by itself after failures, and shows no password even when the library is told to talk', async () => {
    const secret = 'open-sesame';
    const printed = await run(`esdb://admin:${secret}@127.0.0.1:1?tls=false&tlsVerifyCert=false`, { DEBUG: '*' });
    expect(printed).toContain('failed: Failure: ');
    expect(printed).toContain('esdb:connection');
    expect(printed).not.toContain(secret);
    expect(printed).not.toContain(Buffer.from(`admin:${secret}`).toString('base64'));
  });
});
