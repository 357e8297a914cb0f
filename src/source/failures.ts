import { Failure } from '../core/failure.js';
import type { Cursor, SourceState } from '../core/cursor.js';
import { parseChunkName } from './chunks/name.js';
import { otherVariant } from './lokad/frame.js';
import type { ReadPosition } from './reading/position.js';
import { holdsFrame, type Rest } from './lokad/endOfChunk.js';
import type { Tapes } from './tapes.js';

export function corrupt(chunk: string, offset: number, position: number, rest: Rest): Failure {
  const { reason, nextFrameAt } = rest;
  const behind = nextFrameAt === undefined ? '' : ` A valid frame follows at byte ${nextFrameAt}.`;
  return new Failure('SourceCorrupt', `Chunk ${chunk} is damaged at byte ${offset}: ${reason}.${behind}`, {
    chunk,
    offset,
    position,
    reason,
    ...(nextFrameAt !== undefined && { nextFrameAt }),
  });
}

/** A blob whose copy into the container has not succeeded: it may lack frames, and nothing in it shows that. */
export function incomplete(chunk: string, copyStatus: string): Failure {
  return new Failure('SourceIncomplete', `The copy of chunk ${chunk} into the container is ${copyStatus}.`, {
    chunk,
    copyStatus,
  });
}

/** A chunk of which no two looks show the same version. */
export function restless(chunk: string, offset: number): Failure {
  return new Failure('SourceUnsettled', `Chunk ${chunk} kept changing while byte ${offset} was being read.`, {
    chunk,
    offset,
  });
}

/** A chunk with a torn frame whose bytes change again and again. */
export function unsettled(chunk: string, offset: number, since: string): Failure {
  return new Failure(
    'SourceUnsettled',
    `Chunk ${chunk} ends in an unfinished frame at byte ${offset}. Reading has waited for it since ${since}, and its bytes keep changing.`,
    { chunk, offset, since },
  );
}

/** How many records the writer of a chunk knew that were not read; the chunk's first record has this position. */
export function missingBefore(chunk: string, position: number): number {
  return (parseChunkName(chunk)?.prefix ?? 0) - position;
}

/**
 * Compares what the writer of a chunk knew with what was read before it. A prefix that is further ahead than one means
 * that records are missing; a lower one means nothing, since a writer may have known less.
 *
 * @param position of the chunk's first record
 * @throws Failure `SourceGap`, unless a person allowed it or damage is not to stop anything; then it is reported
 */
export function checkGap(tapes: Tapes, chunk: string, position: number, memory: SourceState | undefined): void {
  const missing = missingBefore(chunk, position);
  // guard: gap-in-the-positions
  if (missing <= 0 || memory?.allowed?.some((one) => one.kind === 'gap' && one.chunk === chunk)) return;
  if (tapes.options.onDamage !== 'stop') {
    tapes.reportOnce('source-gap-passed', { chunk, position, missing });
    return;
  }
  throw new Failure(
    'SourceGap',
    `The name of chunk ${chunk} says that at least ${position + missing - 1} records were written before it, but there are ${position - 1}.`,
    { chunk, position, missing },
  );
}

/**
 * Whether a frame of the other variant stands at the place or after it in the chunk.
 *
 * @returns true when that frame is the first of the source: the chunk must be read again
 * @throws Failure `SourceMixed` or `SourceUnreachable`
 */
export async function holdsOther(
  tapes: Tapes,
  place: ReadPosition,
  cursor: Cursor,
  signal: AbortSignal,
): Promise<boolean> {
  const { chunk, offset } = place;
  const variant = otherVariant(place.variant);
  if (!(await holdsFrame(tapes.reader, { chunk, offset, variant }, signal))) return false;
  tapes.variant.foundOther(chunk, variant, cursor);
  return true;
}

export function reportPassedOver(tapes: Tapes, chunk: string, offset: number, rest: Rest): void {
  const facts = { chunk, offset, reason: rest.reason, chunkBytes: rest.version.chunkBytes };
  if (rest.kind === 'torn') tapes.reportOnce('source-torn-frame', { ...facts, strayBytes: rest.strayBytes });
  else
    tapes.reportOnce('source-damage-passed', {
      ...facts,
      onDamage: tapes.options.onDamage,
      nextFrameAt: rest.nextFrameAt,
    });
}
