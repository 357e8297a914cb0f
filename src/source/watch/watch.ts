import { Failure } from '../../core/failure.js';
import type { Cursor, SourceState } from '../../core/cursor.js';
import type { AddedChunks, ChunkCatalog, ListedChunk } from '../chunks/catalog.js';
import type { ChunkEnd } from '../chunks/chunkState.js';
import type { ChunkProbe } from '../chunks/probe.js';
import type { SourceVariant } from '../chunks/variant.js';
import { parseFrame, ParsedFrame, variants } from '../lokad/frame.js';
import { bytesAfter, readStart, type BlobReader } from '../reading/blobReader.js';

type Watched = NonNullable<SourceState['left']>[number];

/** What the watch needs to know of the source. */
interface Watchable {
  readonly catalog: ChunkCatalog;
  readonly variant: SourceVariant;
  readonly reader: BlobReader;
  readonly probe: ChunkProbe;
  readonly ends: ReadonlyMap<string, ChunkEnd>;
  readonly minRangeBytes: number;
  reportOnce(event: string, facts: { readonly chunk: string } & Record<string, unknown>): void;
}

/** Notices what is written before a cursor: a new chunk that sorts before it, and a frame in a chunk that was left. */
export class ChunkWatch {
  /** By where a chunk was left: the version of it that was looked at and holds nothing new. */
  private readonly harmless = new Map<string, string>();
  /** By name: the version of a new chunk before a cursor that was looked at and holds no frame; until it is watched. */
  private readonly withoutFrames = new Map<string, string>();

  constructor(private readonly tapes: Watchable) {}

  /**
   * Compares the listings with what the cursor remembers. While an accepted chunk is read out of its place this waits:
   * the decision about one chunk is carried out before the next is asked for.
   *
   * @returns true when the cursor should remember anew: something before it changed that is no finding
   * @throws Failure `SourceReordered`, `SourceForked` or `SourceMixed`, or `SourceTruncated` or `SourceReplaced` for a
   *   chunk left
   */
  async check(cursor: Cursor, signal: AbortSignal): Promise<boolean> {
    if (cursor.returnTo || !cursor.memory) return false;
    const { chunks, certain } = await this.newChunks(cursor, signal);
    const [intruder] = chunks;
    // guard: chunks-before-the-cursor
    if (intruder) throw reordered(intruder.name, certain, cursor);
    // guard: watch-of-chunks-left
    for (const left of cursor.memory.left ?? []) {
      if (!this.isBefore(left.chunk, cursor)) continue;
      if (await this.wentOn(left, cursor.memory, signal)) {
        throw new Failure(
          'SourceForked',
          `Chunk ${left.chunk} got a frame at byte ${left.offset} after it had been left for a later chunk.`,
          { chunk: left.chunk, offset: left.offset, cursorChunk: cursor.chunk, position: cursor.position },
        );
      }
    }
    return this.namesChanged(cursor.memory);
  }

  /** The chunks that have appeared without a frame, for the cursor to watch as if they had been left at their beginning. */
  takeWithoutFrames(): Watched[] {
    const taken = [...this.withoutFrames].map(([chunk, etag]) => ({ chunk, offset: 0, sha1: '', etag }));
    // guard: empty-newcomer-once
    this.withoutFrames.clear();
    return taken;
  }

  /** True when fewer names are known before the cursor than it remembers. */
  misses({ memory }: Cursor): boolean {
    const before = memory?.namesBefore;
    return before?.chunk !== undefined && this.tapes.catalog.namesBefore(before.chunk).count < before.count;
  }

  /** The chunks with frames whose names are new among those before the cursor. @throws Failure `SourceMixed` */
  async newChunks(cursor: Cursor, signal: AbortSignal): Promise<AddedChunks> {
    const { memory } = cursor;
    const before = memory?.namesBefore;
    if (before?.chunk === undefined || !this.namesChanged(memory)) return none;
    if (this.misses(cursor)) {
      const { count } = this.tapes.catalog.namesBefore(before.chunk);
      this.tapes.reportOnce('source-chunks-vanished', { chunk: before.chunk, names: count, namesBefore: before.count });
      return none;
    }
    const added = this.tapes.catalog.addedBefore(before.chunk, before);
    if (!added.certain) return added;
    const chunks: ListedChunk[] = [];
    for (const chunk of added.chunks) {
      if (!this.isBefore(chunk.name, cursor)) continue;
      const variant = await this.tapes.probe.variantOf(chunk, signal);
      if (variant) this.tapes.variant.refuseOther(chunk.name, variant, memory);
      if (variant) chunks.push(chunk);
      else this.withoutFrames.set(chunk.name, chunk.etag);
    }
    return { chunks, certain: true };
  }

  /** A cursor that was set back, for a restored target, still remembers what will be read once more. */
  private isBefore(chunk: string, cursor: Cursor): boolean {
    const { catalog } = this.tapes;
    // guard: before-the-cursor-only
    return catalog.indexOf(chunk) < catalog.indexOf(cursor.returnTo?.chunk ?? cursor.chunk);
  }

  /** Whether a valid frame stands where the chunk was left. @throws Failure `SourceMixed` for one of the other variant */
  async wentOn(left: Watched, memory: SourceState | undefined, signal: AbortSignal): Promise<boolean> {
    const listed = this.tapes.catalog.get(left.chunk);
    // guard: where-a-chunk-was-left
    const leftAt = [left.chunk, left.offset].join('@');
    if (!listed || listed.etag === left.etag || this.harmless.get(leftAt) === listed.etag) return false;
    const end = this.tapes.ends.get(left.chunk);
    if (end && end.etag === left.etag && end.listing >= listed.listing) return false;
    for (let count = this.tapes.minRangeBytes; ;) {
      const answer = await this.tapes.reader.read({ chunk: left.chunk, start: readStart(left), count }, signal);
      if (answer.kind === 'missing' || answer.kind === 'unchanged') return false;
      const read = bytesAfter(left, answer);
      if (!read) return false;
      let needsBytes = 0;
      for (const variant of variants) {
        const frame = new ParsedFrame();
        const state = parseFrame(read.bytes, left.offset - read.start, variant, frame);
        if (state === 'valid') {
          this.tapes.variant.refuseOther(left.chunk, variant, memory);
          return true;
        }
        if (state === 'incomplete' && read.start + frame.end <= read.chunkBytes)
          needsBytes = Math.max(needsBytes, frame.end);
      }
      if (needsBytes === 0) {
        this.harmless.set(leftAt, read.etag);
        return false;
      }
      count = Math.max(2 * count, needsBytes);
    }
  }

  private namesChanged(memory: SourceState | undefined): boolean {
    const before = memory?.namesBefore;
    if (before?.chunk === undefined) return false;
    const now = this.tapes.catalog.namesBefore(before.chunk);
    // guard: digest-of-names
    return now.count !== before.count || now.digest !== before.digest;
  }
}

const none: AddedChunks = { chunks: [], certain: true };

function reordered(chunk: string, certain: boolean, { chunk: cursorChunk, position }: Cursor): Failure {
  const message = certain
    ? `Chunk ${chunk} appeared before the cursor: its name sorts before ${cursorChunk}, which was read already.`
    : `The names before ${cursorChunk}, which was read already, are not those that were there: ${chunk} may be new.`;
  return new Failure('SourceReordered', message, { chunk, certain, cursorChunk, position });
}
