import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { loadConfig } from '../src/config.js';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('the deployment package', () => {
  let repository: string;

  beforeAll(() => {
    repository = mkdtempSync(join(tmpdir(), 'funcignore-'));
    spawnSync('git', ['init', '--quiet'], { cwd: repository });
    copyFileSync(join(root, '.funcignore'), join(repository, '.gitignore'));
  });
  afterAll(() => rmSync(repository, { recursive: true }));

  /** .funcignore is read as .gitignore is, so git itself is asked. */
  function staysOut(path: string): boolean {
    return spawnSync('git', ['check-ignore', '--quiet', '--no-index', path], { cwd: repository }).status === 0;
  }

  test.each([
    'host.json',
    'package.json',
    'dist/functions/replicate.js',
    'dist/replicator.js',
    'node_modules/@grpc/grpc-js/build/src/index.js',
    'node_modules/debug/src/index.js',
    'node_modules/some-package/docs/data.json',
    'node_modules/some-package/test/index.js',
  ])('holds %s', (path) => {
    expect(staysOut(path)).toBe(false);
  });

  test.each([
    'local.settings.json',
    '.git/config',
    '.github/workflows/ci.yml',
    'src/config.ts',
    'dev/eventstore/main.ts',
    'test/config.test.ts',
    'dist/replicator.js.map',
    'dist/cli/main.js.map',
    'README.md',
    'node_modules/azurite/package.json',
  ])('does not hold %s', (path) => {
    expect(staysOut(path)).toBe(true);
  });

  test('holds nothing else of the repository', () => {
    const { stdout } = spawnSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' });
    const kept = stdout.split('\n').filter((path) => path !== '' && !staysOut(path));
    expect(kept.sort()).toEqual(['host.json', 'package.json']);
  });
});

describe('the settings for this machine', () => {
  const { Values } = JSON.parse(readFileSync(join(root, 'local.settings.json'), 'utf8')) as {
    readonly Values: Readonly<Record<string, string>>;
  };

  test('name nothing but emulators', () => {
    expect(Values['AzureWebJobsStorage']).toBe('UseDevelopmentStorage=true');
    expect(Values['EVENTSTORE_CONNECTION_STRING']).toMatch(/^esdb:\/\/127\.0\.0\.1:/);
  });

  test('are complete', () => {
    expect(loadConfig(Values).config.source.container).toBe(Values['SOURCE_CONTAINER']);
  });
});
