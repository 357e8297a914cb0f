import type { Clock } from '../../../src/core/clock.js';

/** What the host does between the end of an invocation and the next: it writes the schedule's status blob. */
const bookkeepingMs = 200;

/**
 * Ticks on the minute as the Functions host's timer does (webjobs-sdk-extensions, TimerListener): never two invocations
 * at once, and the next one is due at the first minute after the start of the last, so one that outlasts its minute is
 * followed at once. A failed invocation changes nothing.
 */
export async function hostTimer(clock: Clock, minutes: number, invoke: () => Promise<void>): Promise<void> {
  const never = new AbortController().signal;
  const end = clock.now() + minutes * 60_000;
  let due = nextMinute(clock.now());
  while (due < end) {
    await clock.sleep(due - clock.now(), never);
    const startedAt = clock.now();
    await invoke().catch(() => undefined);
    await clock.sleep(bookkeepingMs, never);
    due = nextMinute(startedAt);
  }
}

function nextMinute(now: number): number {
  return (Math.floor(now / 60_000) + 1) * 60_000;
}
