import { describe, test } from 'vitest';
import { expectNoViolation } from './simulationCases.js';

/** Taken in parts, so that a failure is told soon. */
const parts = Array.from({ length: 10 }, (_, part) => [1 + part * 100, 100] as const);

describe('Whatever fails, the target holds each event once, in order, to the byte, or a stop says why not', () => {
  test.each(parts)(
    'The target holds each event once, in order, to the byte, or a stop says why not, in the schedules of the seeds from %i, %i of them',
    async (from, count) => {
      await expectNoViolation({ from, count });
    },
  );
});
