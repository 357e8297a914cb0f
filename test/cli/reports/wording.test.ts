import { describe, expect, test } from 'vitest';

import { counted, duration, size, table } from '../../../src/cli/reports/wording.js';

describe('Words for people', () => {
  test('Counts and times are worded for people', () => {
    expect([counted(1, 'event'), counted(0, 'event'), counted(1234567, 'byte')]).toEqual([
      '1 event',
      '0 events',
      '1,234,567 bytes',
    ]);
    expect([0, 44.2, 60, 3599, 3600, 7500].map(duration)).toEqual([
      '0 s',
      '45 s',
      '1 min 0 s',
      '59 min 59 s',
      '1 h 0 min',
      '2 h 5 min',
    ]);
  });

  test('Sizes are worded for people', () => {
    expect([1, 999, 1_000, 45_600_000, 4e9, 7.2e15].map(size)).toEqual([
      '1 byte',
      '999 bytes',
      '1.0 kB',
      '45.6 MB',
      '4.0 GB',
      '7200.0 TB',
    ]);
  });

  test('Rows of text are aligned in columns', () => {
    expect(
      table([
        ['a', 'long cell', 'x'],
        ['bcd', 'e', ''],
      ]),
    ).toEqual(['a    long cell  x', 'bcd  e']);
  });
});
