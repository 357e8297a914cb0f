import { spawn } from 'node:child_process';
import type { StdioOptions } from 'node:child_process';
import { once } from 'node:events';

/** How a process ended: its exit code, or the signal that ended it. */
export type Ending = number | NodeJS.Signals;

/** A Node.js process that was started. */
export interface Program {
  readonly ended: Promise<Ending>;
  /** Asks it to end as Ctrl-C does and waits; one that has not ended after 10 s is killed. */
  stop(): Promise<Ending>;
  /** Sends it a signal at once; nothing happens when it has ended. */
  kill(signal: NodeJS.Signals): void;
}

export interface ProgramOptions {
  /** Settings; of this process' own environment it gets only what a process needs to run. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where its stdout and stderr go: to this process' own, to nowhere, or to an open file. */
  readonly output?: 'inherit' | 'ignore' | number;
  /** Called with what it sends to its parent. */
  readonly onMessage?: (message: unknown) => void;
}

const stopMs = 10_000;

/** A program must not outlive the one that started it, however that one ended: the channel between them closes then. */
const endWithParent = "process.on('disconnect',()=>process.emit('SIGTERM')||process.exit());process.channel.unref()";

/** Starts a script with Node.js, TypeScript or not. */
export function startProgram(script: string, args: readonly string[], options: ProgramOptions = {}): Program {
  const { env = {}, output = 'inherit', onMessage } = options;
  const imports = ['--import', `data:text/javascript,${endWithParent}`];
  if (script.endsWith('.ts')) imports.push('--import', import.meta.resolve('tsx'));
  const stdio: StdioOptions = ['ignore', output, output, 'ipc'];
  const child = spawn(process.execPath, [...imports, script, ...args], {
    stdio,
    env: { ...basicEnvironment(), ...env },
    // Ctrl-C is for the program that started it, which then asks it to stop.
    detached: true,
    windowsHide: true,
  });
  if (onMessage !== undefined) child.on('message', onMessage);
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as Ending);
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    stop: async () => {
      child.kill('SIGINT');
      const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
      return ended.finally(() => clearTimeout(timer));
    },
  };
}

function basicEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SystemRoot', 'TERM', 'NO_COLOR', 'FORCE_COLOR'];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
