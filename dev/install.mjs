// Runs before the scripts of package.json that need packages: installs them in a fresh clone, and again when
// package-lock.json names others than are installed; else it does nothing.
// Plain JavaScript without packages, because there are none yet.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The packages that a lock file names, by path; npm writes one of its own into node_modules when it is done. */
function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(`${root}${lockFile}`, 'utf8')).packages;
  } catch {
    return {};
  }
}

const installed = packagesOf('node_modules/.package-lock.json');
// An optional package may be for another platform.
const missing = Object.entries(packagesOf('package-lock.json')).some(
  ([path, { version, optional }]) => path !== '' && !optional && installed[path]?.version !== version,
);
if (missing) {
  console.log('Installing the packages that package-lock.json names ...');
  const { status } = spawnSync('npm ci --no-audit --no-fund', { cwd: root, stdio: 'inherit', shell: true });
  process.exit(status ?? 1);
}
