import { expect, test } from 'vitest';
import { drawSchedule } from '../simulation/schedule.js';
import { simulate } from '../simulation/simulate.js';

const seeds = Array.from({ length: 40 }, (_, index) => 1 + index);

test('whatever fails, the target holds each event once, in order, to the byte, or a stop says why not', async () => {
  for (const seed of seeds) expect((await simulate(drawSchedule(seed))).violations, `seed ${seed}`).toEqual([]);
});
