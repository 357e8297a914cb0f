import type { Cursor } from '../../core/cursor.js';
import type { SourcePayload } from '../../core/record.js';
import type { ListedChunk } from '../chunks/catalog.js';
import { isCurrent, type ChunkEnd } from '../chunks/chunkState.js';
import { isZero, parseFrame, ParsedFrame } from '../lokad/frame.js';
import { readPayload } from '../lokad/record.js';
import { nextPosition, type ReadPosition } from '../reading/position.js';
import { examineRest } from '../lokad/endOfChunk.js';
import type { SourceLag } from '../source.js';
import { bytesAfter, readStart } from '../reading/blobReader.js';
import type { Tapes } from '../tapes.js';

/** The bytes of an average frame, until one was seen. */
const usualFrameBytes = 400;
/** The most that is read of the last chunk to count its events. */
const maxCountedBytes = 4 * 1024 * 1024;

/** See `Source.lag`. Compares nothing with what the cursor remembers: a finding is for the reading to make. */
export async function lag(tapes: Tapes, cursor: Cursor, signal: AbortSignal): Promise<SourceLag> {
  await tapes.list(cursor, 'when due', signal);
  const last = tapes.catalog.ordered.at(-1);
  if (!last) return { bytes: 0, events: 0, eventsExact: true, head: { chunk: '', bytes: 0 } };
  const head = { chunk: last.name, bytes: last.bytes };
  const next = nextPosition(tapes, cursor);
  const counted = next.kind === 'read' && next.place.isLast ? await count(tapes, next.place, signal) : undefined;
  if (counted) return { ...counted, eventsExact: true, head };
  const bytes = bytesFrom(tapes, cursor);
  return { bytes, events: estimate(tapes, cursor, last, bytes), eventsExact: bytes === 0, head };
}

/** What the last chunk holds from the place on; undefined when that is too much to look at. */
async function count(
  tapes: Tapes,
  place: ReadPosition,
  signal: AbortSignal,
): Promise<Pick<SourceLag, 'bytes' | 'events'> | undefined> {
  const { chunk, offset, variant, end, listed } = place;
  if (end && isCurrent(end, listed) && end.kind !== 'corrupt') return { bytes: 0, events: 0 };
  if ((listed?.bytes ?? 0) - offset > maxCountedBytes) return undefined;
  const answer = await tapes.reader.read({ chunk, start: readStart(place), count: maxCountedBytes }, signal);
  const read = answer.kind === 'unchanged' ? undefined : bytesAfter(place, answer);
  if (!read) return { bytes: 0, events: 0 };
  const frame = new ParsedFrame();
  let at = offset - read.start;
  let events = 0;
  for (; parseFrame(read.bytes, at, variant, frame) === 'valid'; at = frame.end) {
    events += eventsIn(readPayload(read.bytes, frame.payloadStart, frame.payloadEnd));
  }
  const framesEnd = read.start + at;
  if (isZero(read.bytes, at, read.bytes.length)) return { bytes: framesEnd - offset, events };
  // Nothing can be read of a torn frame yet; something can after a bad one.
  const rest = await examineRest(tapes.reader, { chunk, offset: framesEnd, variant, behindTooLarge: false }, signal);
  return rest?.kind === 'corrupt' ? undefined : { bytes: framesEnd - offset, events };
}

/** One message is one event, and what cannot be looked into is one. */
function eventsIn(payload: SourcePayload): number {
  return payload.kind === 'batch' ? payload.messages.length : 1;
}

function bytesFrom(tapes: Tapes, { chunk, offset }: Cursor): number {
  const own = tapes.catalog.get(chunk);
  let bytes = own ? Math.max(0, framesEnd(tapes.ends.get(chunk), own) - offset) : 0;
  for (const later of tapes.catalog.after(chunk)) bytes += framesEnd(tapes.ends.get(later.name), later);
  return bytes;
}

/** Tapes are longer than their frames: where the end of the frames is known, the rest does not count. */
function framesEnd(end: ChunkEnd | undefined, listed: ListedChunk): number {
  return end && end.kind !== 'corrupt' && isCurrent(end, listed) ? end.offset : listed.bytes;
}

/** The last prefix says how many records came before it. */
function estimate(tapes: Tapes, cursor: Cursor, last: ListedChunk, bytes: number): number {
  if (bytes === 0) return 0;
  const byName = last.prefix - cursor.position + 1;
  const byBytes = bytes / (tapes.averageFrameBytes ?? usualFrameBytes);
  return Math.max(1, Math.round(byName > 0 ? byName : byBytes));
}
