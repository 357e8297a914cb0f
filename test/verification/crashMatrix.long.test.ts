import { describe, test } from 'vitest';
import { undisturbed } from '../../verification/simulation/crashMatrix.js';
import { expectBothEndsEqual, pairsOf } from './crashCases.js';

const { points } = await undisturbed();

describe('A process that is killed', () => {
  test('A process killed before or after any step, once, leaves both ends equal after the next run', async () => {
    await expectBothEndsEqual(points.map((point) => [point]));
  });

  test('A process killed before or after any two steps that have an effect, in a run and in the one that follows, leaves both ends equal', async () => {
    await expectBothEndsEqual(pairsOf(points));
  });
});
