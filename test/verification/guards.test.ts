import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { testsOf, withoutGuard } from '../../verification/mutants/guard.js';
import { guards } from '../../verification/mutants/guards.js';

function textOf(file: string): string {
  return readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');
}

test.each(guards)('$name is where the table of guards has it, and so is the test that must notice', (guard) => {
  const source = textOf(guard.file);
  expect(withoutGuard(guard, source) === source).toBe(false);
  const { file, named = '' } = testsOf(guard);
  expect(textOf(file).includes(named), `${file} has a test whose name holds: ${named}`).toBe(true);
});

test('no guard is named twice', () => {
  expect(new Set(guards.map(({ name }) => name)).size).toBe(guards.length);
});
