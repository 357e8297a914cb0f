import { describe, expect, test } from 'vitest';
import { replayCommand, shrink, whole } from '../../verification/simulation/reduction.js';
import { drawSchedule } from '../../verification/simulation/schedule.js';
import { simulateRange } from '../../verification/simulation/seedRange.js';
import { simulate, type Result } from '../../verification/simulation/simulate.js';

/** Taken in parts, so that a failure is told soon. */
const parts = Array.from({ length: 10 }, (_, part) => [1 + part * 100, 100] as const);

async function explained(failure: Result): Promise<string> {
  const smallest = await shrink(drawSchedule(failure.seed), failure, 50);
  return [...failure.violations, replayCommand(failure.seed, whole), replayCommand(failure.seed, smallest)].join('\n');
}

describe('whatever fails, the target holds each event once, in order, to the byte, or a stop says why not', () => {
  test.each(parts)('seeds from %i, %i of them', { timeout: 120_000 }, async (from, count) => {
    const { failures, schedules } = await simulateRange({ from, count });
    const [first] = failures;
    expect(first && (await explained(first))).toBeUndefined();
    expect(schedules).toBe(count);
  });
});

test('the same seed plays the same schedule, to the last message', async () => {
  const play = async (): Promise<string[]> => {
    const lines: string[] = [];
    await simulate(drawSchedule(7), (line) => lines.push(line));
    return lines;
  };
  const [once, again] = [await play(), await play()];
  expect(once.length).toBeGreaterThan(50);
  expect(again).toEqual(once);
});
