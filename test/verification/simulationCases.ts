import { expect } from 'vitest';
import { replayCommand, shrink, whole } from '../../verification/simulation/reduction.js';
import { drawSchedule } from '../../verification/simulation/schedule.js';
import { simulateRange, type SeedRange } from '../../verification/simulation/seedRange.js';
import type { Result } from '../../verification/simulation/simulate.js';

/** Plays the schedules of these seeds; the first that fails is told with the command that plays it again. */
export async function expectNoViolation(range: SeedRange): Promise<void> {
  const { failures, schedules } = await simulateRange(range);
  const [first] = failures;
  expect(first && (await explained(first))).toBeUndefined();
  expect(schedules).toBe(range.count);
}

async function explained(failure: Result): Promise<string> {
  const smallest = await shrink(drawSchedule(failure.seed), failure, 50);
  return [...failure.violations, replayCommand(failure.seed, whole), replayCommand(failure.seed, smallest)].join('\n');
}
