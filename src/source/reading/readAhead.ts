import type { BlobReader, ChunkBytes, RangeRead, RangeRequest } from './blobReader.js';
import { isZero } from '../lokad/frame.js';

/** A ranged read, and what the listings showed when it was asked for. */
export interface Fetched {
  readonly request: RangeRequest;
  /** Number of the last listing at that time, and whether it showed a chunk after this one. */
  readonly listing: number;
  readonly hadSuccessor: boolean;
  readonly answer: RangeRead;
  /** Zeros that followed the bytes in the answer and were cut off. */
  readonly zeroBytes: number;
}

export type Fetch = RangeRequest & Pick<Fetched, 'listing' | 'hadSuccessor'>;

interface Pending {
  readonly fetch: Fetch;
  readonly fetched: Promise<Fetched>;
  done: boolean;
}

export interface ReadAheadLimits {
  /** Most bytes asked for and not yet taken. */
  readonly bytes: number;
  /** Most ranges asked for and not yet taken. */
  readonly calls: number;
}

/**
 * Fetches ranges before they are needed, within a budget, and keeps what a poll or a look at a single frame has read
 * so that it is not read again. Every range gets a buffer of its own, which nothing overwrites.
 */
export class ReadAhead {
  /**
   * No map: when a map that has lived long is filled and emptied, V8 keeps what went through it until the next full
   * garbage collection, and these are megabytes.
   */
  private pending: Pending[] = [];
  private kept: Fetched | undefined;
  /** Ranges fetched ahead at once: one more whenever one was waited for, one less when several lie ready. */
  private calls = 1;

  constructor(
    private readonly reader: BlobReader,
    private readonly limits: ReadAheadLimits,
  ) {}

  /** Starts to fetch unless the budget is used up or a range of that chunk is on its way; false when it is used up. */
  begin(fetch: Fetch, signal: AbortSignal): boolean {
    if (this.pendingOf(fetch) || this.holds(fetch.chunk)) return true;
    const bytes = this.pending.reduce((sum, other) => sum + other.fetch.count, fetch.count);
    const fits = bytes <= this.limits.bytes && this.pending.length < this.calls;
    if (!fits && this.pending.length > 0) return false;
    const pending: Pending = { fetch, fetched: this.fetch(fetch, signal), done: false };
    pending.fetched.then(
      () => (pending.done = true),
      () => (pending.done = true),
    );
    this.pending.push(pending);
    return true;
  }

  /** True when {@link take} would not wait. */
  isReady(fetch: Fetch): boolean {
    const pending = this.pendingOf(fetch);
    return this.holds(fetch.chunk) || (pending !== undefined && pending.done && serves(pending.fetch, fetch));
  }

  /** The range asked for, or another of the chunk that starts before it and goes beyond it. */
  async take(fetch: Fetch, signal: AbortSignal): Promise<Fetched> {
    const kept = this.holds(fetch.chunk) ? this.kept : undefined;
    if (kept) this.kept = undefined;
    if (kept && covers(kept, fetch)) return kept;
    const pending = this.pendingOf(fetch);
    this.pending = this.pending.filter((other) => other !== pending);
    if (pending && serves(pending.fetch, fetch)) {
      this.adapt(pending);
      const fetched = await pending.fetched;
      if (covers(fetched, fetch)) return fetched;
    }
    return this.fetch(fetch, signal);
  }

  /** True when what a poll has read of the chunk lies here. */
  holds(chunk: string): boolean {
    return this.kept?.request.chunk === chunk;
  }

  /** Keeps what was read for the next {@link take} of the chunk. */
  keep(fetched: Fetched): void {
    this.kept = fetched;
  }

  /** Forgets what is on its way; the caller aborts its signal. */
  drop(): void {
    this.pending = [];
  }

  /** A range that lies ready for long costs memory; one that is not ready costs time. */
  private adapt(taken: Pending): void {
    if (!taken.done) this.calls = Math.min(this.limits.calls, this.calls + 1);
    else if (this.pending[0]?.done) this.calls = Math.max(1, this.calls - 1);
  }

  private pendingOf({ chunk }: Fetch): Pending | undefined {
    return this.pending.find(({ fetch }) => fetch.chunk === chunk);
  }

  /** Reads now. @throws Failure `SourceUnreachable` */
  async fetch({ listing, hadSuccessor, ...request }: Fetch, signal: AbortSignal): Promise<Fetched> {
    const answer = await this.reader.read(request, signal);
    const fetched = { request, listing, hadSuccessor };
    if (answer.kind !== 'bytes') return { ...fetched, answer, zeroBytes: 0 };
    const read = withoutZeros(answer.read);
    return { ...fetched, answer: { kind: 'bytes', read }, zeroBytes: answer.read.bytes.length - read.bytes.length };
  }
}

/** A conditional read serves only where it is known that the same version was asked for. */
function serves(pending: Fetch, wanted: Fetch): boolean {
  return (
    pending.start <= wanted.start && pending.start + pending.count > wanted.start && pending.knownEtag === undefined
  );
}

function covers({ answer, request, zeroBytes }: Fetched, wanted: Fetch): boolean {
  if (answer.kind !== 'bytes') return request.start === wanted.start;
  const { start, bytes, chunkBytes } = answer.read;
  const end = start + bytes.length + zeroBytes;
  return start <= wanted.start && (end >= chunkBytes || end >= wanted.start + Math.min(wanted.count, minimalBytes));
}

/** A range that was read before is used when it has so much left. */
const minimalBytes = 4096;

/** A frame ends with a hash, which is not all zeros: no more of the zeros after the last other byte belong to it. */
const margin = 64;
const stride = 4096;

/**
 * Tapes are preallocated with zeros, and a record is a view on the bytes that were read: a chunk with one small record
 * must not keep half a megabyte alive.
 */
function withoutZeros(read: ChunkBytes): ChunkBytes {
  const { bytes } = read;
  let end = bytes.length;
  while (end > 0 && isZero(bytes, Math.max(0, end - stride), end)) end = Math.max(0, end - stride);
  end = Math.min(bytes.length, end + margin);
  if (end > bytes.length / 2) return read;
  const kept = Buffer.allocUnsafeSlow(end);
  bytes.copy(kept, 0, 0, end);
  return { ...read, bytes: kept };
}
