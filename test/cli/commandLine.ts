import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

import { eventferry as carryOut } from '../../src/cli/commandLine.js';
import type { Clock } from '../../src/core/clock.js';
import type { Environment } from '../../src/config/config.js';
import { FakeClock } from '../support/fakeClock.js';
import { until } from '../support/waits.js';

/** The built program. */
export const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Secrets that tests put into settings; none may ever be printed. */
export const password = 'changeit-9f3b';
const secrets = [/AccountKey=(?!\*\*\*)/i, /Eby8vdM02xNOcqFl/, new RegExp(password)];

/** What a command printed, and what it ended with. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command under way. */
export interface Running {
  readonly ended: Promise<Ended>;
  /** Everything printed so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Ctrl-C. */
  interrupt(): void;
}

/**
 * Carries out a command line in this process. Its environment holds these settings and nothing else. By default its time
 * passes by itself while it sleeps and at no other time, so no limit is reached because the machine is busy.
 */
export function start(args: readonly string[], settings: Environment, clock: Clock = clockOfToday()): Running {
  const [stdout, stderr] = [captured(), captured()];
  const callbacks = new Set<() => void>();
  const interrupt = (): void => callbacks.forEach((callback) => callback());
  let exit: (code: number) => void = () => undefined;
  const exited = new Promise<number>((resolve) => (exit = resolve));
  const done = carryOut(args, {
    env: settings,
    stdin: Readable.from([]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    clock,
    onInterrupt: (callback) => {
      callbacks.add(callback);
      return () => void callbacks.delete(callback);
    },
    exit,
  });
  onTestFinished(async () => {
    interrupt();
    if (clock instanceof FakeClock) clock.flow();
    await until(`the end of eventferry ${args.join(' ')}`, done);
  });
  const ended = Promise.race([done, exited]).then((code) =>
    withoutSecret({ code, stdout: stdout.text(), stderr: stderr.text() }),
  );
  return { ended, stdout: stdout.text, stderr: stderr.text, interrupt };
}

/** Carries out a command line in this process, to its end. */
export function eventferry(args: readonly string[], settings: Environment, clock?: Clock): Promise<Ended> {
  return until(`the end of eventferry ${args.join(' ')}`, start(args, settings, clock).ended);
}

/** The clock of {@link start}: it begins with the time of day and passes by itself while someone sleeps. */
export function clockOfToday(): FakeClock {
  return new FakeClock(Date.now()).flow();
}

/** A process under way. */
export interface RunningProcess extends Omit<Running, 'ended' | 'interrupt'> {
  readonly ended: Promise<Ended & { readonly signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Starts the built program as a user would, for what only a process shows: signals, exit code, streams. Its environment
 * holds these settings and nothing else of ours.
 */
export function startProcess(args: readonly string[], settings: Environment): RunningProcess {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'], ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close').then(([code, signal]) =>
    withoutSecret({ code: code as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr }),
  );
  return { ended, stdout: () => stdout, stderr: () => stderr, kill: (signal) => void child.kill(signal) };
}

/** Runs the built program to its end. */
export function eventferryProcess(args: readonly string[], settings: Environment): RunningProcess['ended'] {
  return until(`the end of the process eventferry ${args.join(' ')}`, startProcess(args, settings).ended);
}

function withoutSecret<T extends Ended>(ended: T): T {
  const printed = ended.stdout + ended.stderr;
  for (const secret of secrets) {
    if (secret.test(printed)) throw new Error(`A secret (${secret}) was printed:\n${printed}`);
  }
  return ended;
}

/** A stream that keeps what is written to it. */
function captured(): { readonly stream: Writable; readonly text: () => string } {
  const parts: Buffer[] = [];
  const stream = new Writable({
    write: (part: Buffer, _encoding, done) => {
      parts.push(part);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(parts).toString('utf8') };
}
