import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { until } from '../../support/waits.js';

const program = fileURLToPath(new URL('finishingProcess.ts', import.meta.url));

/** A process that does not end by itself is killed: so long it may take on a machine that is slow and busy. */
const limitMs = 150_000;

/** Starts a process that uses a target; `end` is what it printed once it has ended by itself. */
export function startProcess(connectionString: string, { impatient = false, DEBUG = '' } = {}) {
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
  const child = spawn(process.execPath, args, { timeout: limitMs, env: { ...process.env, DEBUG } });
  const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(
    ([[code], out, error]) => {
      expect({ code: code as unknown, error: DEBUG ? '' : error }).toEqual({ code: 0, error: '' });
      return out + error;
    },
  );
  return { end: until('the process to end', ended), hurry: () => void child.stdin.write('now\n') };
}
