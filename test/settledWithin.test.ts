import { expect, test } from 'vitest';
import { settledWithin } from '../src/settledWithin.js';
import { VirtualClock } from './support/virtualClock.js';

const never = new Promise(() => undefined);

test('Work that settles in time, well or badly, is waited for', async () => {
  const clock = new VirtualClock();
  expect(await settledWithin(Promise.resolve('done'), 1_000, clock)).toBe(true);
  expect(await settledWithin(Promise.reject(new Error('failed')), 1_000, clock)).toBe(true);
});

test('Work that takes longer is waited for no further', async () => {
  const clock = new VirtualClock();
  let answer: boolean | undefined;
  void settledWithin(never, 1_000, clock).then((settled) => (answer = settled));
  await clock.advance(999);
  expect(answer).toBeUndefined();
  await clock.advance(1);
  await clock.advance(0);
  expect(answer).toBe(false);
});
