import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';
import { onTestFinished } from 'vitest';

/** A server under way. */
export interface Running {
  process: ChildProcess;
  connectionString: string;
  printed: string[];
  exited: Promise<number | NodeJS.Signals | null>;
}

/** Starts the program and waits until it listens. */
export async function run(...args: string[]): Promise<Running> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'dev/eventstore/main.ts', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
  const printed: string[] = [];
  for await (const line of readline.createInterface({ input: child.stdout })) {
    printed.push(line);
    if (!line.startsWith('{')) continue;
    const { listening } = JSON.parse(line) as { listening: { connectionString: string } };
    return { process: child, connectionString: listening.connectionString, printed, exited };
  }
  throw new Error(`it ended: ${String(await exited)}`);
}

/** Runs the program to its end, which is near where it refuses its arguments. */
export async function refused(...args: string[]): Promise<{ code: unknown; errors: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'dev/eventstore/main.ts', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const [code] = (await once(child, 'close')) as unknown[];
  return { code, errors };
}
