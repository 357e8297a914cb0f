import type { Tapes } from '../tapes.js';
import { readStart } from './overlap.js';
import type { ReadPosition } from './position.js';
import type { Fetch } from './readAhead.js';

/** Which bytes a reading asks for next, and which it fetches ahead. */
export class Ranges {
  /** The next range must be at least this large to hold the frame that it starts with. */
  frameNeedsBytes = 0;
  /** Where a chunk is read on, after a bad frame. */
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
