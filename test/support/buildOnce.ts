import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

/**
 * Compiles `src` to `dist` before the first test, because the processes that tests start run the built program. It does
 * not check types, which takes longer: `npm run build` does.
 */
export default function buildOnce(): void {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--noCheck'], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('src does not compile: see the messages above');
}
