import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

import type { Environment } from '../../src/config.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Secrets that tests put into settings; none may ever be printed. */
export const password = 'changeit-9f3b';
const secrets = [/AccountKey=(?!\*\*\*)/i, /Eby8vdM02xNOcqFl/, new RegExp(password)];

/** What a command printed, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command under way. */
export interface Running {
  readonly ended: Promise<Ended>;
  /** Everything printed so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  kill(signal: NodeJS.Signals): void;
}

/** Starts the built program as a user would; its environment holds these settings and nothing else of ours. */
export function start(args: readonly string[], settings: Environment): Running {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'], ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close').then(([code, signal]) => {
    for (const secret of secrets) {
      if (secret.test(stdout + stderr)) throw new Error(`A secret (${secret}) was printed:\n${stdout}${stderr}`);
    }
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr };
  });
  return { ended, stdout: () => stdout, stderr: () => stderr, kill: (signal) => void child.kill(signal) };
}

/** Runs a command to its end. */
export function eventferry(args: readonly string[], settings: Environment): Promise<Ended> {
  return start(args, settings).ended;
}
