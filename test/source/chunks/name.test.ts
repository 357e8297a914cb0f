import { describe, expect, test } from 'vitest';

import { comparePosition, isBackupName, parseChunkName, type ChunkName } from '../../../src/source/chunks/name.js';

function parsed(name: string): ChunkName {
  const chunk = parseChunkName(name);
  if (!chunk) throw new Error(`${name} is no chunk name`);
  return chunk;
}

describe('the name of a chunk', () => {
  test('says how many records came before it, and when it was made', () => {
    expect(parseChunkName('00000121-2013-10-19-111502.dat')).toEqual({
      name: '00000121-2013-10-19-111502.dat',
      prefix: 121,
      time: '2013-10-19-111502',
    });
  });

  test('may have minutes only, nine digits, or a year of another calendar', () => {
    expect(parsed('00000000-2012-07-18-0800.dat').time).toBe('2012-07-18-0800');
    expect(parsed('100000000-2013-10-19-111502.dat').prefix).toBe(100_000_000);
    expect(parsed('00000001-2556-10-15-093000.dat').prefix).toBe(1);
  });

  test.each([
    'lock',
    '00000121-2013-10-19-111502.dat.bak',
    '0000121-2013-10-19-111502.dat',
    '00000121-2013-10-19-11150.dat',
    '00000121-2013-10-19-111502.DAT',
    'old/00000121-2013-10-19-111502.dat',
    ' 00000121-2013-10-19-111502.dat',
    '00000121-2013-10-19-111502.dat ',
    'events.00000',
  ])('%s is none', (name) => {
    expect(parseChunkName(name)).toBeUndefined();
  });

  test('and .bak is a copy of a chunk, but not of anything else', () => {
    expect(isBackupName('00000121-2013-10-19-111502.dat.bak')).toBe(true);
    expect(isBackupName('00000121-2013-10-19-111502.dat')).toBe(false);
    expect(isBackupName('readme.dat.bak')).toBe(false);
  });

  test('sorts by number, then by time, then as text', () => {
    const names = [
      '00000001-2013-10-23-070000.dat',
      '00000001-2013-10-23-070003.dat',
      '99999999-2013-10-23-070000.dat',
      '100000000-2013-10-23-070000.dat',
    ];
    const sorted = [...names].reverse().map(parsed).sort(comparePosition);
    expect(sorted.map(({ name }) => name)).toEqual(names);
  });
});
