import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { startProgram } from '../dev/program.js';

/**
 * What is measured runs in processes of its own, compiled as the product is: a loader that compiles on the fly adds work
 * to every function.
 */

/** For one answer, on the slowest machine. */
const patienceMs = 10 * 60_000;
const project = fileURLToPath(new URL('tsconfig.json', import.meta.url));

/** Compiles what {@link startChild} starts, quickly when little has changed. @throws Error when it does not compile */
export async function compile(): Promise<void> {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const child = spawn(process.execPath, [compiler, '-p', project], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error('The measurements do not compile: see above.');
}

/** A process that has given its first answer. */
export interface Child<Answer> {
  readonly answer: Answer;
  stop(): Promise<unknown>;
}

/** Starts a script of this folder with a job, and waits for its answer. @throws Error when it ends without one */
export function startChild<Answer>(script: string, job: unknown): Promise<Child<Answer>> {
  const compiled = fileURLToPath(new URL(`../artifacts/bench/bench/${script}.js`, import.meta.url));
  return new Promise((resolve, reject) => {
    const program = startProgram(compiled, [JSON.stringify(job)], {
      onMessage: (message) => {
        clearTimeout(timer);
        resolve({ answer: message as Answer, stop: () => program.stop() });
      },
    });
    const timer = setTimeout(() => void program.stop(), patienceMs);
    program.ended.then((ending) => reject(new Error(`${script} ended with ${ending} before it answered.`)), reject);
  });
}

/** The answer of a script that does one job and ends. */
export async function answerOf<Answer>(script: string, job: unknown): Promise<Answer> {
  const child = await startChild<Answer>(script, job);
  await child.stop();
  return child.answer;
}

/** In the child: what it is to do. */
export function jobOf<Job>(): Job {
  return JSON.parse(process.argv[2] ?? '{}') as Job;
}

/** In the child: its answer. */
export function tellParent(answer: object): void {
  process.send?.(answer);
}
