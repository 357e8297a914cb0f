import { iso } from '../../core/time.js';
import { hasSettled, type ChunkEnd } from '../chunks/chunkState.js';
import { reportPassedOver, unsettled } from '../failures.js';
import type { Tapes } from '../tapes.js';

/** How often a chunk that changes while it is judged is looked at again at once. */
export const undecidedLimit = 3;
const lookAgainMs = 1000;
/** A wait becomes an outage after so many times `SETTLE_SECONDS`. */
const patience = 10;

/**
 * Waits a moment before the next look at a torn frame that a later chunk follows. Its writer may still finish it, and
 * what follows must not overtake it. People are told once for each frame.
 *
 * @throws Failure `SourceUnsettled` once that has gone on for too long because the bytes keep changing
 */
export async function waitForFrame(tapes: Tapes, chunk: string, end: ChunkEnd, signal: AbortSignal): Promise<void> {
  const { clock, settleSeconds } = tapes.options;
  // Reading may also wait for no more than a look that is later than the last listing.
  if (!hasSettled(end, settleSeconds)) {
    end.wait ??= { since: iso(clock.now()), beganAt: clock.elapsed() };
    const { since, beganAt } = end.wait;
    tapes.reportOnce('source-waits-for-torn-frame', {
      ...{ chunk, offset: end.offset, since, reason: end.rest?.reason, strayBytes: end.rest?.strayBytes },
      waitsFor: `the frame to be finished, or its bytes to stay the same for ${settleSeconds} s`,
    });
    // guard: wait-that-is-too-long
    if (clock.elapsed() - beganAt > patience * settleSeconds * 1000) throw unsettled(chunk, end.offset, since);
  }
  await clock.sleep(lookAgainMs, signal);
}

/** The torn frame is passed over: there is more to read. */
export function passTorn(tapes: Tapes, chunk: string, end: ChunkEnd): 'more' {
  end.wait = undefined;
  if (end.rest) reportPassedOver(tapes, chunk, end.offset, end.rest);
  return 'more';
}
