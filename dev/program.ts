import { spawn } from 'node:child_process';
import type { StdioOptions } from 'node:child_process';
import { once } from 'node:events';

/** How a process ended: its exit code, or the signal that ended it. */
export type Ending = number | NodeJS.Signals;

/** A Node.js process that was started. */
export interface Program {
  readonly ended: Promise<Ending>;
  /** Asks the process to end, as Ctrl-C does, and waits; kills it when it has not ended after 10 s. */
  stop(): Promise<Ending>;
  /** Sends the process a signal; does nothing when it has ended. */
  kill(signal: NodeJS.Signals): void;
}

export interface ProgramOptions {
  /** Settings. From the environment of this process, the new one gets only what every process needs to run. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where its stdout and stderr go: to those of this process, nowhere, or to an open file. */
  readonly output?: 'inherit' | 'ignore' | number;
  /** Called with each message that the process sends to its parent. */
  readonly onMessage?: (message: unknown) => void;
}

const stopMs = 10_000;

/** Ends a program when its channel to the parent closes: it must not outlive the parent, however the parent ended. */
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
    // Keeps Ctrl-C away from the new process: its parent gets it, and then asks it to stop.
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
