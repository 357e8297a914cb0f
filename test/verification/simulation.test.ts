import { describe, expect, test } from 'vitest';
import { drawSchedule } from '../../verification/simulation/schedule.js';
import { simulate } from '../../verification/simulation/simulate.js';
import { expectNoViolation } from './simulationCases.js';

describe('Whatever fails, the target holds each event once, in order, to the byte, or a stop says why not', () => {
  // `simulation.long.test.ts` plays 1,000.
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
