import { describe, expect, test } from 'vitest';

import { comparePosition, isBackupName, parseChunkName, type ChunkName } from '../../../src/source/chunks/name.js';

function parsed(name: string): ChunkName {
  const chunk = parseChunkName(name);
  if (!chunk) throw new Error(`${name} is no chunk name`);
  return chunk;
}

describe('the name of a chunk', () => {
  test('The name of a chunk says how many records came before it, and when it was made', () => {
    expect(parseChunkName('00000121-2013-10-19-111502.dat')).toEqual({
      name: '00000121-2013-10-19-111502.dat',
      prefix: 121,
      time: '2013-10-19-111502',
    });
  });

  test('The name of a chunk may have minutes only, nine digits, or a year of another calendar', () => {
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
  ])('The name of a blob that is no chunk is refused: %s', (name) => {
    expect(parseChunkName(name)).toBeUndefined();
  });

  test('The name of a chunk and .bak names a copy of it; .bak behind anything else does not', () => {
    expect(isBackupName('00000121-2013-10-19-111502.dat.bak')).toBe(true);
    expect(isBackupName('00000121-2013-10-19-111502.dat')).toBe(false);
    expect(isBackupName('readme.dat.bak')).toBe(false);
  });

  test('Names of chunks sort by number, then by time, then as text', () => {
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
