import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { settingsPage, settingsPagePath } from '../../dev/pages/settingsPage.js';
import { settings } from '../../src/config/settings.js';

test('docs/settings.md is what the schema says; `npm run docs` writes it', () => {
  expect(readFileSync(settingsPagePath, 'utf8').replaceAll('\r\n', '\n')).toBe(settingsPage());
});

test.each(Object.keys(settings))('docs/settings.md has one row for %s', (name) => {
  expect(
    settingsPage()
      .split('\n')
      .filter((line) => line.startsWith(`| \`${name}\``)),
  ).toHaveLength(1);
});
