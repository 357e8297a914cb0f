import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { loadConfig } from '../src/config/config.js';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('the deployment package', () => {
  let repository: string;

  beforeAll(() => {
    repository = mkdtempSync(join(tmpdir(), 'funcignore-'));
    spawnSync('git', ['init', '--quiet'], { cwd: repository });
    copyFileSync(join(root, '.funcignore'), join(repository, '.gitignore'));
  });
  afterAll(() => rmSync(repository, { recursive: true }));

  /** Those of the paths that stay out: .funcignore is read as .gitignore is, so git itself is asked, once for all. */
  function stayOut(paths: readonly string[]): string[] {
    const { status, stdout } = spawnSync('git', ['check-ignore', '-z', '--stdin', '--no-index'], {
      cwd: repository,
      encoding: 'utf8',
      input: paths.join('\0'),
    });
    expect([0, 1], 'the exit code of git').toContain(status);
    return stdout.split('\0').filter((path) => path !== '');
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
  ])('The deployment package holds %s', (path) => {
    expect(stayOut([path])).toEqual([]);
  });

  test.each([
    'local.settings.json',
    '.git/config',
    '.github/workflows/ci.yml',
    'src/config/config.ts',
    'dev/eventstore/main.ts',
    'test/config/config.test.ts',
    'dist/replicator.js.map',
    'dist/cli/main.js.map',
    'README.md',
    'node_modules/azurite/package.json',
  ])('The deployment package does not hold %s', (path) => {
    expect(stayOut([path])).toEqual([path]);
  });

  test('The deployment package holds nothing of the repository but host.json, package.json and the status page', () => {
    const { stdout } = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
    const paths = stdout.split('\0').filter((path) => path !== '');
    const out = new Set(stayOut(paths));
    expect(paths.filter((path) => !out.has(path)).sort()).toEqual([
      'generated/dashboardPage.js',
      'host.json',
      'package.json',
    ]);
  });
});

describe('the settings for this machine', () => {
  const { Values } = JSON.parse(readFileSync(join(root, 'local.settings.json'), 'utf8')) as {
    readonly Values: Readonly<Record<string, string>>;
  };

  test('The settings for this machine name only emulators', () => {
    expect(Values['AzureWebJobsStorage']).toBe('UseDevelopmentStorage=true');
    expect(Values['EVENTSTORE_CONNECTION_STRING']).toMatch(/^esdb:\/\/127\.0\.0\.1:/);
  });

  test('The settings for this machine are complete', () => {
    expect(loadConfig(Values).config.source.container).toBe(Values['SOURCE_CONTAINER']);
  });
});
