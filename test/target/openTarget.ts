import { onTestFinished } from 'vitest';
import { Failure } from '../../src/core/failure.js';
import { eventStoreTarget, type EventStoreTargetOptions } from '../../src/target/eventStoreTarget.js';
import type { Target } from '../../src/target/target.js';
import { silentLogger } from '../../src/core/logger.js';
import { FakeClock } from '../support/fakeClock.js';

/** A target for the running test, closed when the test is over. No deadline of it ends unless the test's clock says so. */
export function openTarget(
  options: Partial<EventStoreTargetOptions> & Pick<EventStoreTargetOptions, 'connectionString'>,
): Target {
  const target = eventStoreTarget({
    appendBytes: 1_048_576,
    clock: FakeClock.flowing(),
    logger: silentLogger,
    ...options,
  });
  onTestFinished(() => target.close());
  return target;
}

/** A signal that nobody aborts. */
export const never = new AbortController().signal;

/** The failure that a promise ends in; a promise that does not fail, fails the test. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const outcome = await promise.then(
    (value) => new Error(`expected a failure, got ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (outcome instanceof Failure) return outcome;
  throw outcome;
}

/** The kinds of the failures that appends end in. */
export function kinds(appends: Promise<number>[]): Promise<string[]> {
  return Promise.all(appends.map(async (append) => (await failureOf(append)).kind));
}
