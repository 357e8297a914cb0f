import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = [
  'README.md',
  'CHANGELOG.md',
  'dev/eventstore/README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

describe.each(pages)('%s', (page) => {
  test('A document links only to pages that exist', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
    const missing = links.filter((link) => !existsSync(join(root, dirname(page), link)));
    expect(missing).toEqual([]);
  });

  test('A document names only files that exist', () => {
    const names = [...read(page).matchAll(/`((?:src|test|dev|bench|infra|docs)\/[\w./-]+)`/g)].map(
      ([, name = '']) => name,
    );
    expect(names.filter((name) => !name.includes('NAME') && !existsSync(join(root, name)))).toEqual([]);
  });

  test('A document names only scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const names = [...read(page).matchAll(/npm run (?:--\w+ )?([\w:-]+)/g)].map(([, name = '']) => name);
    expect(names.filter((name) => scripts[name] === undefined)).toEqual([]);
  });
});

test('Every kind of failure has its row in the page for operators', async () => {
  const { rules } = await import('../src/core/failure.js');
  const page = read('docs/operating.md');
  const told = Object.entries(rules).filter(([, { policy }]) => policy === 'stop' || policy === 'wait');
  expect(told.map(([kind]) => kind).filter((kind) => !page.includes(`\`${kind}\``))).toEqual([]);
});
