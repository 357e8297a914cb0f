import { describe, expect, test } from 'vitest';

import { Tally, tallyLines } from '../../../src/cli/reports/tally.js';

function tallyOf(names: readonly string[]): Tally {
  const tally = new Tally();
  for (const name of names) tally.add(name);
  return tally;
}

describe('A tally', () => {
  test('A tally lists the most frequent first, and names of the same count in order', () => {
    expect(tallyOf(['b', 'c', 'a', 'c']).counts).toEqual([
      { name: 'c', count: 2 },
      { name: 'a', count: 1 },
      { name: 'b', count: 1 },
    ]);
  });

  test('A tally counts together what would be too many names', () => {
    const tally = new Tally();
    for (let index = 0; index < 100_010; index++) tally.add(`key-${index}`);
    tally.add('key-3');
    expect(tally.counts).toHaveLength(100_001);
    expect(tally.counts[0]).toEqual({ name: 'key-3', count: 2 });
    expect(tally.counts.at(-1)).toEqual({ name: null, count: 10 });
  });

  test('A tally shows the first few and says how many more there are', () => {
    expect(tallyLines('By key', tallyOf(['x', 'x', '', 'z']).counts, 2)).toEqual([
      'By key:',
      '  2  x',
      '  1  (empty)',
      '  and 1 more (--json shows all)',
    ]);
    expect(tallyLines('By key', [])).toEqual(['By key:', '  none']);
  });
});
