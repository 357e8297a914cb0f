import type { Cursor, ReadPoint } from '../../core/cursor.js';
import type { ListedChunk } from '../chunks/catalog.js';
import { hasSettled, isCurrent, type ChunkEnd, type LeftChunk } from '../chunks/chunkState.js';
import type { FrameVariant } from '../lokad/frame.js';
import type { Tapes } from '../tapes.js';
import { readStart } from './blobReader.js';
import type { Fetch } from './readAhead.js';

/** Where to look for the next frame. */
export interface ReadPosition extends ReadPoint {
  readonly listed: ListedChunk | undefined;
  readonly variant: FrameVariant;
  /** No chunk follows: what is unfinished here may still be finished. */
  readonly isLast: boolean;
  /** Read out of its place: an accepted chunk. */
  readonly apart: boolean;
  /** What is known about the bytes from the offset on. */
  readonly end: ChunkEnd | undefined;
  /** The chunks between the cursor and here, the cursor's own included, which ended without a further frame. */
  readonly passed: readonly LeftChunk[];
}

/**
 * - `read`: look here
 * - `return`: the accepted chunk was read to its end
 * - `copying`: this chunk is not whole yet, and nothing after it may be read before it
 * - `wait`: nothing can be read now
 */
export type Next =
  | { readonly kind: 'read'; readonly place: ReadPosition }
  | { readonly kind: 'return'; readonly left: LeftChunk }
  | { readonly kind: 'copying'; readonly chunk: string; readonly status: string }
  | { readonly kind: 'wait' };

/** The first place from the cursor on that is not known to be free of frames. */
export function nextPosition(tapes: Tapes, cursor: Cursor): Next {
  const apart = cursor.returnTo !== undefined;
  const passed: LeftChunk[] = [];
  for (const [point, listed] of pointsFrom(tapes, cursor)) {
    // guard: copy-in-progress-as-listed
    if (listed?.openCopy !== undefined) {
      return { kind: 'copying', chunk: point.chunk, status: listed.openCopy };
    }
    const isLast = !apart && !tapes.catalog.hasSuccessor(point.chunk);
    const left = leftChunk(tapes, point, listed, isLast, apart);
    if (!left) {
      const variant = tapes.variant.expected(cursor.memory);
      return { kind: 'read', place: { ...point, listed, variant, isLast, apart, end: knownEnd(tapes, point), passed } };
    }
    if (apart) return { kind: 'return', left };
    passed.push(left);
  }
  return { kind: 'wait' };
}

/** True when the end of the chunk is known, in the version that the listings show, and reading may go on after it. */
export function isPassable(tapes: Tapes, end: ChunkEnd, listed: ListedChunk | undefined, apart: boolean): boolean {
  // guard: end-found-before-a-chunk-followed
  if (!apart && !end.hadSuccessor) return false;
  // guard: end-in-the-version-listed
  if (!isCurrent(end, listed)) return false;
  const { onDamage, settleSeconds } = tapes.options;
  switch (end.kind) {
    case 'clean':
      return true;
    case 'open':
      return false;
    case 'torn':
      return hasSettled(end, settleSeconds);
    case 'corrupt':
      return onDamage !== 'stop';
  }
}

/** A listing that was made later shows the last chunk in the version whose end is known. */
export function isListedSo({ isLast, end, listed }: ReadPosition): boolean {
  if (!isLast || !end || !listed || end.kind === 'corrupt') return false;
  // guard: known-end-in-the-version-listed-since
  return listed.listing > end.listing && listed.etag === end.etag;
}

function* pointsFrom(tapes: Tapes, cursor: Cursor): Generator<[ReadPoint, ListedChunk | undefined]> {
  const { chunk, offset, sha1 } = cursor;
  if (chunk !== '') yield [{ chunk, offset, sha1 }, tapes.catalog.get(chunk)];
  for (const listed of tapes.catalog.after(chunk)) yield [{ chunk: listed.name, offset: 0, sha1: '' }, listed];
}

function leftChunk(
  tapes: Tapes,
  point: ReadPoint,
  listed: ListedChunk | undefined,
  isLast: boolean,
  apart: boolean,
): LeftChunk | undefined {
  const end = knownEnd(tapes, point);
  if (end) return isPassable(tapes, end, listed, apart) ? { ...point, etag: end.etag, end } : undefined;
  const isEmpty = listed !== undefined && listed.bytes === 0 && point.offset === 0 && !isLast;
  return isEmpty ? { ...point, etag: listed.etag } : undefined;
}

function knownEnd(tapes: Tapes, { chunk, offset }: ReadPoint): ChunkEnd | undefined {
  const end = tapes.ends.get(chunk);
  return end?.offset === offset ? end : undefined;
}

/** Which bytes a reading asks for next, and which it fetches ahead. */
export class Ranges {
  /** The next range must be at least this large to hold the frame that it starts with. */
  frameNeedsBytes = 0;
  /** Where a chunk is read on after a bad frame. */
  salvage: { readonly chunk: string; readonly offset: number } | undefined;
  private rangeBytes: number;

  constructor(private readonly tapes: Tapes) {
    this.rangeBytes = tapes.minRangeBytes;
  }

  fetchFor(place: ReadPosition): Fetch {
    const { chunk, end, isLast, listed } = place;
    const start = this.salvageAt(place) ?? readStart(place);
    const range = isLast || !listed ? this.rangeBytes : this.tapes.rangeFor(listed.bytes - start);
    // guard: known-end-asked-for-by-etag
    const knownEtag = end?.etag;
    return { chunk, start, count: Math.max(range, this.frameNeedsBytes), knownEtag, ...this.tapes.seen(place) };
  }

  salvageAt({ chunk }: ReadPosition): number | undefined {
    return this.salvage?.chunk === chunk ? this.salvage.offset : undefined;
  }

  /** The range held only the beginning of a frame. */
  enlarge(frameNeedsBytes: number): void {
    this.frameNeedsBytes = frameNeedsBytes;
    this.rangeBytes = Math.min(4 * this.rangeBytes, this.tapes.maxRangeBytes);
  }

  /** Starts to fetch the range and, in a backlog, what follows it in later chunks. */
  fetchAhead(fetch: Fetch, { chunk, isLast, apart }: ReadPosition, signal: AbortSignal): void {
    const { ahead, catalog, ends } = this.tapes;
    if (fetch.knownEtag === undefined) ahead.begin(fetch, signal);
    if (isLast || apart) return;
    for (const { name, bytes, openCopy } of catalog.after(chunk)) {
      if (bytes === 0 || ends.has(name)) continue;
      if (openCopy !== undefined) return;
      const seen = this.tapes.seen({ isLast: !catalog.hasSuccessor(name) });
      if (!ahead.begin({ chunk: name, start: 0, count: this.tapes.rangeFor(bytes), ...seen }, signal)) return;
    }
  }
}
