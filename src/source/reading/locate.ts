import { Failure } from '../../core/failure.js';
import type { Cursor, SourceState } from '../../core/cursor.js';
import type { Mark } from '../../core/mark.js';
import { cursorAfter, type SourceRecord } from '../../core/record.js';
import { parseFrame, ParsedFrame, variants, type FrameVariant } from '../lokad/frame.js';
import { stateAt } from '../watch/sourceState.js';
import { toRecord } from '../lokad/record.js';
import type { Fetched } from './readAhead.js';
import type { Tapes } from '../tapes.js';

/**
 * Reads the frame that a mark names and compares its SHA-1; see `Source.locate`. One call, two for a large frame; what
 * it read beyond the frame is kept for the reading that follows.
 *
 * @throws Failure `SourceReplaced` when another frame or none is there, `SourceTruncated` when the chunk ends before it
 */
export async function locate(
  tapes: Tapes,
  mark: Mark,
  memory: SourceState | undefined,
  signal: AbortSignal,
): Promise<{ record: SourceRecord; cursor: Cursor }> {
  const { chunk, offset } = mark;
  let count = tapes.minRangeBytes;
  for (;;) {
    const seen = tapes.seen({ isLast: true });
    const fetched = await tapes.ahead.fetch({ chunk, start: offset, count, ...seen }, signal);
    const found = frameOf(mark, fetched);
    if (typeof found === 'number') {
      count = found;
      continue;
    }
    // guard: ends-up-to-the-mark
    forgetEnds(tapes, mark);
    tapes.probe.learn(chunk, found.variant);
    tapes.ahead.keep(fetched);
    // guard: memory-of-what-was-accepted
    return { record: found.record, cursor: cursorAfter(found.record, memory && stateAt(mark.position, memory)) };
  }
}

/**
 * What this process took for the ends of the chunks up to the mark may be what they were earlier. Whoever appended the
 * mark has seen them since, and reading may begin before it.
 */
function forgetEnds({ ends, catalog }: Tapes, { chunk, offset }: Mark): void {
  const at = catalog.indexOf(chunk);
  for (const [name, end] of ends) {
    if (name === chunk ? end.offset <= offset : catalog.indexOf(name) < at) ends.delete(name);
  }
}

/** The frame, or how many bytes it takes to see it whole. */
function frameOf(mark: Mark, { answer, zeroBytes }: Fetched): { record: SourceRecord; variant: FrameVariant } | number {
  const { chunk, offset } = mark;
  if (answer.kind === 'missing') throw replaced(mark, `chunk ${chunk} is gone`);
  if (answer.kind !== 'bytes' || answer.read.chunkBytes <= offset) throw truncated(mark);
  const { bytes, chunkBytes } = answer.read;
  const rangeBytes = bytes.length + zeroBytes;
  const frame = new ParsedFrame();
  let larger = 0;
  let isCut = false;
  for (const variant of variants) {
    const state = parseFrame(bytes, 0, variant, frame);
    if (state === 'valid') return { record: recordOf(mark, bytes, frame), variant };
    // guard: zeros-that-are-part-of-a-frame
    if (state !== 'incomplete' || frame.end <= rangeBytes) continue;
    if (offset + frame.end <= chunkBytes) larger = Math.max(larger, frame.end);
    else isCut = true;
  }
  if (larger > 0) return larger;
  // guard: frame-cut-at-the-mark
  if (isCut) throw truncated(mark);
  throw replaced(mark, `no frame stands at byte ${offset} of chunk ${chunk}`);
}

function recordOf(mark: Mark, bytes: Buffer, frame: ParsedFrame): SourceRecord {
  const { chunk, offset, position, returnTo } = mark;
  const record = toRecord(bytes, 0, frame, { chunk, bufferAt: offset, position, returnTo });
  const sha1 = Buffer.from(record.sha1).toString('hex');
  // guard: fingerprint-at-the-mark
  if (!sha1.startsWith(mark.sha1)) {
    throw replaced(
      mark,
      `the frame at byte ${offset} of chunk ${chunk} has the SHA-1 ${sha1.slice(0, mark.sha1.length)}`,
    );
  }
  return record;
}

function replaced(mark: Mark, why: string): Failure {
  return new Failure(
    'SourceReplaced',
    `The record at position ${mark.position} is not the one that was replicated (SHA-1 ${mark.sha1}): ${why}.`,
    factsOf(mark),
  );
}

function truncated(mark: Mark): Failure {
  return new Failure(
    'SourceTruncated',
    `Chunk ${mark.chunk} ends before the record at position ${mark.position} does, which was replicated from byte ${mark.offset} of it.`,
    factsOf(mark),
  );
}

function factsOf({ position, chunk, offset, sha1 }: Mark): Record<string, unknown> {
  return { position, chunk, offset, sha1 };
}
