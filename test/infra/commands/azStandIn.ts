import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { root } from '../../../infra/tools/azure/environment.js';

/**
 * Returns what runs a tool. A stand-in for `az` records its arguments and prints the first answer whose pattern fits.
 * Call it at the top of a `describe`.
 */
export function toolRunner() {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'az-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(
    tool: string,
    args: readonly string[],
    answers: readonly (readonly [pattern: string, answer: string])[],
    variables: Readonly<Record<string, string>> = {},
  ) {
    rmSync(join(folder, 'record'), { force: true });
    const cases = answers
      .map(([pattern, answer]) => `  ${pattern}) cat <<'ANSWER'\n${answer}\nANSWER\n  ;;`)
      .join('\n');
    writeFileSync(join(folder, 'az'), `#!/bin/bash\necho "$*" >>${folder}/record\ncase "$*" in\n${cases}\nesac\n`);
    chmodSync(join(folder, 'az'), 0o755);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), join(root, `infra/tools/${tool}.ts`), ...args],
      { encoding: 'utf8', env: { PATH: `${folder}:${process.env['PATH']}`, ...variables } },
    );
    const record = existsSync(join(folder, 'record'))
      ? readFileSync(join(folder, 'record'), 'utf8').trim().split('\n')
      : [];
    return { status, stdout, stderr, record };
  }
  return run;
}
