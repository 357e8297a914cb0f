import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The built command line. */
export const commandLine = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** Compiles `src` to `dist`, and only what has changed. @throws Error when it does not compile */
export async function build(): Promise<void> {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const child = spawn(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--incremental'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(code === null ? 'The build was stopped.' : 'src does not compile: see above.');
}
