import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { embeddedServer } from '../support/embeddedServer.js';

const program = fileURLToPath(new URL('finishingProcess.ts', import.meta.url));

/** Starts the program; `end` is what it printed once it has ended. A process that does not end is killed. */
function start(connectionString: string, { impatient = false, DEBUG = '' } = {}) {
  // Node 20 warns of a server name that is an address, which is what the client library dials here.
  const args = [
    '--no-deprecation',
    '--import',
    'tsx',
    program,
    connectionString,
    'billing',
    ...(impatient ? ['impatient'] : []),
  ];
  const child = spawn(process.execPath, args, { timeout: 25_000, env: { ...process.env, DEBUG } });
  const end = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(
    ([[code], out, error]) => {
      expect({ code: code as unknown, error: DEBUG ? '' : error }).toEqual({ code: 0, error: '' });
      return out + error;
    },
  );
  return { end, hurry: () => void child.stdin.write('now\n') };
}

describe('A process that has closed its target', () => {
  test('ends by itself', async () => {
    const server = await embeddedServer();
    expect(await start(server.connectionString).end).toContain('tail: ');
    expect(server.lastRevision('billing')).toBe(1);
  });

  test('ends by itself after failures, and shows no password even when the library is told to talk', async () => {
    const secret = 'open-sesame';
    const printed = await start(`esdb://admin:${secret}@127.0.0.1:1?tls=false&tlsVerifyCert=false`, { DEBUG: '*' }).end;
    expect(printed).toContain('failed: Failure: ');
    expect(printed).toContain('esdb:connection');
    expect(printed).not.toContain(secret);
    expect(printed).not.toContain(Buffer.from(`admin:${secret}`).toString('base64'));
  });

  test('ends by itself while a server is silent', async () => {
    const server = await embeddedServer();
    server.faults.silent = true;
    const program = start(server.connectionString, { impatient: true });
    program.hurry();
    expect(await program.end).toContain('closed');
  });

  test.each(['tls=true', 'tls=false'])('ends by itself while a handshake is never answered (%s)', async (tls) => {
    const frozen = createServer((socket) => socket.on('error', () => undefined));
    frozen.listen(0, '127.0.0.1');
    await once(frozen, 'listening');
    onTestFinished(() => void frozen.close());
    const address = frozen.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const program = start(`esdb://127.0.0.1:${port}?${tls}`, { impatient: true });
    await once(frozen, 'connection');
    program.hurry();
    expect(await program.end).toContain('closed');
  });
});
