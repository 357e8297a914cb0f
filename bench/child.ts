import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProgram } from '../dev/program.js';

/**
 * Each measurement runs in its own process, on code compiled as the product is: a loader that compiles on the fly adds
 * work to every function.
 */

/** The longest wait for one answer, on the slowest machine. */
const patienceMs = 10 * 60_000;
const project = fileURLToPath(new URL('tsconfig.json', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));

/** Compiles the scripts that {@link startChild} starts; quick when little has changed. @throws Error when it fails */
export async function compile(): Promise<void> {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const child = spawn(process.execPath, [compiler, '-p', project], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error('The measurements do not compile: see above.');
}

/** A child process that has sent its first answer. */
export interface Child<Answer> {
  readonly answer: Answer;
  stop(): Promise<unknown>;
}

/**
 * Starts a script with a job, and waits for its first answer.
 *
 * @param script the TypeScript file; what was compiled from it runs
 * @throws Error when it ends without an answer
 */
export function startChild<Answer>(script: URL, job: unknown): Promise<Child<Answer>> {
  const path = relative(root, fileURLToPath(script));
  const compiled = join(root, 'artifacts', 'bench', path.replace(/\.ts$/, '.js'));
  return new Promise((resolve, reject) => {
    const program = startProgram(compiled, [JSON.stringify(job)], {
      onMessage: (message) => {
        clearTimeout(timer);
        resolve({ answer: message as Answer, stop: () => program.stop() });
      },
    });
    const timer = setTimeout(() => void program.stop(), patienceMs);
    program.ended.then((ending) => reject(new Error(`${path} ended with ${ending} before it answered.`)), reject);
  });
}

/** Runs a script that does one job and ends. @returns its answer */
export async function answerOf<Answer>(script: URL, job: unknown): Promise<Answer> {
  const child = await startChild<Answer>(script, job);
  await child.stop();
  return child.answer;
}

/** Called in the child. @returns its job */
export function jobOf<Job>(): Job {
  return JSON.parse(process.argv[2] ?? '{}') as Job;
}

/** Called in the child: sends its answer. */
export function tellParent(answer: object): void {
  process.send?.(answer);
}
