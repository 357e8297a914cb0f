// Runs before the scripts of package.json that need packages: in a fresh clone it installs them, else it does nothing.
// Plain JavaScript without packages, because there are none yet.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
// npm writes this file when an installation is complete.
if (!existsSync(`${root}node_modules/.package-lock.json`)) {
  console.log('Installing the packages that package-lock.json names ...');
  const { status } = spawnSync('npm ci --no-audit --no-fund', { cwd: root, stdio: 'inherit', shell: true });
  process.exit(status ?? 1);
}
