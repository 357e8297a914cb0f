import { describe, expect, test } from 'vitest';
import { replayCommand, shrink, whole } from '../../verification/simulation/schedule/reduction.js';
import { drawSchedule } from '../../verification/simulation/schedule/schedule.js';
import { simulateRange, type SeedRange } from '../../verification/simulation/schedule/seedRange.js';
import { simulate, type Result } from '../../verification/simulation/simulate.js';

/** Plays the schedules of these seeds; the first that fails is told with the command that plays it again. */
async function expectNoViolation(range: SeedRange): Promise<void> {
  const { failures, schedules } = await simulateRange(range);
  const [first] = failures;
  expect(first && (await explained(first))).toBeUndefined();
  expect(schedules).toBe(range.count);
}

async function explained(failure: Result): Promise<string> {
  const smallest = await shrink(drawSchedule(failure.seed), failure, 50);
  return [...failure.violations, replayCommand(failure.seed, whole), replayCommand(failure.seed, smallest)].join('\n');
}

describe('Whatever fails, the target holds each event once, in order, to the byte, or a stop says why not', () => {
  // `npm run simulate` plays thousands.
  test('The target holds each event once, in order, to the byte, or a stop says why not, in the schedules of the first 15 seeds', async () => {
    await expectNoViolation({ from: 1, count: 15 });
  });
});

test('A seed plays the same schedule of the simulation each time, to the last message', async () => {
  const play = async (): Promise<string[]> => {
    const lines: string[] = [];
    await simulate(drawSchedule(7), (line) => lines.push(line));
    return lines;
  };
  const [once, again] = [await play(), await play()];
  expect(once.length).toBeGreaterThan(50);
  expect(again).toEqual(once);
});
