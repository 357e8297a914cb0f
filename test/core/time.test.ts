import { expect, test } from 'vitest';
import { settledWithin } from '../../src/core/time.js';
import { FakeClock } from '../support/fakeClock.js';

const never = new Promise(() => undefined);

test('Work that settles in time, well or badly, is waited for', async () => {
  const clock = new FakeClock();
  expect(await settledWithin(Promise.resolve('done'), 1_000, clock)).toBe(true);
  expect(await settledWithin(Promise.reject(new Error('failed')), 1_000, clock)).toBe(true);
});

test('Work that takes longer is waited for no further', async () => {
  const clock = new FakeClock();
  let answer: boolean | undefined;
  void settledWithin(never, 1_000, clock).then((settled) => (answer = settled));
  await clock.pass(999);
  expect(answer).toBeUndefined();
  await clock.pass(1);
  await clock.pass(0);
  expect(answer).toBe(false);
});
