import type { Clock } from './clock.js';

/**
 * Waits until the work has settled, in whatever way, but no longer than `ms` milliseconds. An error of the work is left
 * to who reads its result, and is never unhandled.
 *
 * @returns whether it settled in time
 */
export async function settledWithin(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  const over = new AbortController();
  const settled = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, clock.sleep(ms, over.signal).then(() => false)]);
  } finally {
    over.abort();
  }
}
