import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('npm start without Core Tools says how to get them, and what works without', () => {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'dev/start.ts'], {
    cwd,
    env: { PATH: '' },
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toContain('npm install --global azure-functions-core-tools@4');
  expect(stderr).toContain('npm run dev');
});
