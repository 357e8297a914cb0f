import { describe, expect, test } from 'vitest';
import { undisturbed } from '../../verification/simulation/crashMatrix.js';
import { expectBothEndsEqual, pairsOf } from './crashCases.js';

/** Every moment of a pass at which it has done something outside, or is about to. */
const { points, appendsInsideRecords } = await undisturbed();

describe('A process that is killed', () => {
  test('The matrix of crashes meets every kind of step that has an effect outside, the row before the first event', () => {
    const writes = points.filter(({ writes }) => writes).map(({ what }) => what);
    expect(new Set(writes)).toEqual(new Set(['table.create', 'table.insert', 'table.replace', 'target.append']));
    expect(appendsInsideRecords).toBeGreaterThan(0);
    expect(writes.indexOf('table.insert')).toBeLessThan(writes.indexOf('target.append'));
  });

  // `crashMatrix.long.test.ts` goes through all of them.
  test('A process killed before or after a step that has an effect, once, leaves both ends equal after the next run', async () => {
    await expectBothEndsEqual(points.filter(({ writes }) => writes).map((point) => [point]));
  });

  test('A process killed before or after two steps that have an effect, every 181st such pair, leaves both ends equal', async () => {
    // A prime: each first step is met with other second ones.
    await expectBothEndsEqual(pairsOf(points).filter((_, index) => index % 181 === 0));
  });
});
