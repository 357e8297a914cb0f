import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => normalize(join('src', path)));

/** What a file imports from `src`, types included. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const paths = [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)\.js'/g)].map(([, path]) => path ?? '');
  return paths.map((path) => relative(root, join(root, dirname(file), `${path}.ts`)));
}

/** Circles of imports, each told once, from its first file on. */
function circles(): string[] {
  const found = new Set<string>();
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.add([...path.slice(at), file].join(' -> '));
    if (at >= 0 || done.has(file)) return;
    for (const imported of importsOf(file)) visit(imported, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  return [...found];
}

test('No file of src imports another in a circle, types included', () => {
  expect(circles()).toEqual([]);
});

test('No room of src holds more than twelve files', () => {
  const rooms = new Map<string, number>();
  for (const file of files) rooms.set(dirname(file), (rooms.get(dirname(file)) ?? 0) + 1);
  expect([...rooms].filter(([, count]) => count > 12)).toEqual([]);
});

test('Each file that code names by its place beside it is there, unless a program writes it', () => {
  const named = /new URL\('([^']+)', import\.meta\.url\)/g;
  const rooms = ['src', 'dev', 'bench', 'verification', 'test', 'infra'];
  const all = rooms.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((path) => join(room, path)),
  );
  const gone = all
    .filter((path) => path.endsWith('.ts'))
    .flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(named)].map(([, path = '']) => ({ file, path })),
    )
    .filter(({ path }) => !path.includes('artifacts/'))
    .filter(({ file, path }) => !existsSync(join(root, dirname(file), path)));
  expect(gone).toEqual([]);
});
