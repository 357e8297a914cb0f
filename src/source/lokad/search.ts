import { setImmediate as turn } from 'node:timers/promises';

import { hashAgrees, isZero, measureFrame, ParsedFrame, type FrameVariant } from './frame.js';

/** How much a search may still hash; shared by the searches of one chunk. */
export interface HashBudget {
  bytes: number;
}

/** Enough for any tape of 512 KiB that an ordinary writer left, and little enough to be done in a second. */
export function hashBudget(): HashBudget {
  return { bytes: 64 * 1024 * 1024 };
}

const offsetsPerTurn = 16 * 1024;
const zeroStride = 4096;
/** The most zeros that a frame starts with: stamp 0 and an empty key. */
const leadingZeros = 16;

/**
 * The first offset in `[from, to)` at which a valid frame starts. Frames have no sync marker, so every offset is tried;
 * first those whose stamp a real writer could have written, then the others. Yields to the event loop.
 *
 * @returns undefined when there is none, or none was found before the budget was used up
 */
export async function findFrame(
  bytes: Buffer,
  from: number,
  to: number,
  variant: FrameVariant,
  budget: HashBudget,
  signal: AbortSignal,
): Promise<number | undefined> {
  for (const likely of [true, false]) {
    let tried = 0;
    for (let at = from; at < to; at++) {
      if (++tried % offsetsPerTurn === 0) {
        await turn();
        signal.throwIfAborted();
      }
      if (bytes[at] === 0 && at + zeroStride <= to && isZero(bytes, at, at + zeroStride)) {
        at += zeroStride - leadingZeros;
        continue;
      }
      if (hasLikelyStamp(bytes, at) !== likely) continue;
      if (measureFrame(bytes, at, variant, frame) !== 'valid') continue;
      const hashedBytes = frame.payloadEnd - at;
      // guard: budget-of-the-search
      if (hashedBytes > budget.bytes) continue;
      if (isZero(bytes, frame.payloadEnd, frame.end)) continue;
      budget.bytes -= hashedBytes;
      tried += hashedBytes >> 6;
      if (hashAgrees(bytes, at, frame)) return at;
    }
  }
  return undefined;
}

const frame = new ParsedFrame();

/** Stamps count commits, or are -1: their three high bytes are all zeros or all ones. */
function hasLikelyStamp(bytes: Buffer, at: number): boolean {
  const high = bytes[at + 7];
  return (high === 0 || high === 0xff) && bytes[at + 6] === high && bytes[at + 5] === high;
}
