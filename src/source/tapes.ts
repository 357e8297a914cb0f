import type { ContainerClient } from '@azure/storage-blob';

import type { Clock } from '../core/clock.js';
import type { Cursor, ReadPoint, SourceState } from '../core/cursor.js';
import type { Logger } from '../core/logger.js';
import { ChunkWatch } from './watch/watch.js';
import { BlobReader } from './reading/blobReader.js';
import { ChunkCatalog } from './chunks/catalog.js';
import type { ChunkEnd } from './chunks/chunkState.js';
import { ChunkProbe } from './chunks/probe.js';
import { SourceVariant } from './chunks/variant.js';
import { ReadAhead } from './reading/readAhead.js';

/** What to do about a bad frame with valid frames after it. */
export type OnDamage = 'stop' | 'skip' | 'salvage';

export interface TapeOptions {
  /** Only ever read. */
  readonly container: ContainerClient;
  /** Most records in one batch. */
  readonly readRecords: number;
  /** How long a torn frame in an older chunk must have been left alone before it is passed over. */
  readonly settleSeconds: number;
  /** How often all names are listed. */
  readonly listAllSeconds: number;
  readonly onDamage: OnDamage;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bytes of a ranged read near the head, where most of a range would be zeros. Default 64 KiB. */
  readonly minRangeBytes?: number;
  /** Bytes of a ranged read in a backlog. Default 4 MiB. */
  readonly maxRangeBytes?: number;
  /** Most bytes that are fetched ahead. Default 8 MiB. */
  readonly readAheadBytes?: number;
}

/** When to look for chunks after the last one: never, every 5 s, at a poll (see below), or now. */
export type Onward = 'no' | 'when due' | 'poll' | 'now';

/** The newest names are listed no more often, unless the next frame needs a new chunk. */
const listOnwardMs = 5_000;
const readAheadCalls = 6;

/** What a source of tapes knows, for as long as the process lives. Shared by everything that reads them. */
export class Tapes {
  readonly reader: BlobReader;
  readonly probe: ChunkProbe;
  readonly catalog: ChunkCatalog;
  readonly variant: SourceVariant;
  readonly ahead: ReadAhead;
  readonly watched: ChunkWatch;
  /** By chunk name: where frames end, as far as that is known. */
  readonly ends = new Map<string, ChunkEnd>();
  readonly minRangeBytes: number;
  readonly maxRangeBytes: number;
  private maxFrameBytes = 1;
  private frames = 0;
  private frameBytes = 0;
  /** The last listing that was compared with what a cursor remembers. */
  private compared: { readonly listing: number; readonly memory: SourceState | undefined } = {
    listing: 0,
    memory: undefined,
  };
  /** Where a poll has just found something: the reading that follows need not look for new chunks again. */
  polledAt: ReadPoint | undefined;
  private readonly reported = new Set<string>();

  constructor(readonly options: TapeOptions) {
    const { container, clock, readAheadBytes = 8 * 1024 * 1024 } = options;
    this.minRangeBytes = options.minRangeBytes ?? 64 * 1024;
    this.maxRangeBytes = options.maxRangeBytes ?? 4 * 1024 * 1024;
    this.reader = new BlobReader(container);
    this.probe = new ChunkProbe(this.reader);
    this.catalog = new ChunkCatalog(container, clock);
    this.variant = new SourceVariant(this.catalog, this.probe);
    this.watched = new ChunkWatch(this);
    this.ahead = new ReadAhead(this.reader, { bytes: readAheadBytes, calls: readAheadCalls });
  }

  /**
   * Makes the listing that is due and compares it with what the cursor remembers.
   *
   * @returns `change`: something before the cursor changed that is no finding; the cursor should remember it
   * @throws Failure of a Source* kind
   */
  async freshen(cursor: Cursor, onward: Onward, signal: AbortSignal): Promise<'not due' | 'listed' | 'change'> {
    await this.list(cursor, onward, signal);
    const { isCompared } = this;
    // Others list too and compare nothing, and a cursor may come from elsewhere.
    if (isCompared && cursor.memory === this.compared.memory) return 'not due';
    const changed = await this.compare(cursor, signal);
    return changed ? 'change' : isCompared ? 'not due' : 'listed';
  }

  /** In elapsed ms. */
  get now(): number {
    return this.options.clock.elapsed();
  }

  /** False while a listing has shown names that no cursor was compared with. */
  get isCompared(): boolean {
    return this.catalog.listing === this.compared.listing;
  }

  /**
   * Compares all that was listed with what the cursor remembers, also what others list meanwhile.
   *
   * @returns true when the cursor should remember anew
   * @throws Failure `SourceMixed`, and what {@link ChunkWatch.check} throws
   */
  async compare(cursor: Cursor, signal: AbortSignal): Promise<boolean> {
    await this.variant.check(cursor, signal);
    // What our last listing lacks, another runner may have seen since: only a listing of everything shows that it is gone.
    // Once is enough for what a cursor remembers: no other listing makes us forget a name.
    const isOthers = cursor.memory !== this.compared.memory;
    // guard: names-that-our-listing-lacked
    if (isOthers && this.watched.misses(cursor)) await this.catalog.listAll(signal);
    for (;;) {
      const { listing } = this.catalog;
      const changed = await this.watched.check(cursor, signal);
      if (listing !== this.catalog.listing) continue;
      this.compared = { listing, memory: cursor.memory };
      return changed;
    }
  }

  /**
   * Lists what is due: every name at first and every `LIST_ALL_SECONDS`; else, as `onward` says, those from the last
   * chunk on.
   *
   * @returns whether a listing was made
   */
  async list(cursor: Cursor, onward: Onward, signal: AbortSignal): Promise<boolean> {
    const { catalog } = this;
    const all = this.fullListingDue(cursor);
    const due = all || onward === 'now' || (onward !== 'no' && this.onwardListingDue(onward === 'poll'));
    if (all) await catalog.listAll(signal);
    else if (due) await catalog.listFrom(this.firstNameOfInterest(cursor), signal);
    if (due || !this.variant.decidedBy(cursor.memory)) await this.variant.look(cursor.memory, signal);
    return due;
  }

  private fullListingDue(cursor: Cursor): boolean {
    const { catalog, options } = this;
    const main = cursor.returnTo?.chunk ?? cursor.chunk;
    const unknownChunk = main !== '' && !catalog.get(main);
    return (
      // guard: listing-of-everything
      catalog.listing === 0 || unknownChunk || this.now - catalog.fullAt >= options.listAllSeconds * 1000
    );
  }

  /** Every 5 s, and at every poll once the next frame may need a new chunk. */
  private onwardListingDue(polling: boolean): boolean {
    // guard: listing-every-5-s
    if (this.now - this.catalog.listedAt >= listOnwardMs) return true;
    if (!polling) return false;
    const last = this.catalog.ordered.at(-1);
    const end = last && this.ends.get(last.name);
    return end !== undefined && end.chunkBytes - end.offset < this.maxFrameBytes;
  }

  /** The last chunk, or the first of those left last, so that these stay watched at no cost. */
  private firstNameOfInterest(cursor: Cursor): string {
    const last = this.catalog.ordered.at(-1);
    if (!last) return '';
    const watched = (cursor.memory?.left ?? []).map(({ chunk }) => chunk);
    const names = [last.name, ...watched, ...grownPrefix(last.prefix, cursor.position)];
    return names.reduce((first, name) => (name < first ? name : first));
  }

  /** Zeros were seen where frames end, and it is time to know whether only zeros follow. */
  isVerdictDue({ end, isLast }: { readonly end: ChunkEnd | undefined; readonly isLast: boolean }): boolean {
    if (end?.kind !== 'open') return false;
    // guard: look-after-zeros
    return !isLast || this.now - end.foundAt >= listOnwardMs;
  }

  /** How much to read at once of a chunk of which so much is left. */
  rangeFor(bytes: number): number {
    return Math.min(Math.max(bytes, this.minRangeBytes), this.maxRangeBytes);
  }

  /** What the listings show of a chunk, to be kept with what is read of it now. */
  seen({ isLast }: { readonly isLast: boolean }): { readonly listing: number; readonly hadSuccessor: boolean } {
    return { listing: this.catalog.listing, hadSuccessor: !isLast };
  }

  sawFrame(bytes: number): void {
    this.frames++;
    this.frameBytes += bytes;
    if (bytes > this.maxFrameBytes) this.maxFrameBytes = bytes;
  }

  get averageFrameBytes(): number | undefined {
    return this.frames === 0 ? undefined : this.frameBytes / this.frames;
  }

  /** Forgets the ends of the chunks that are not watched any more. */
  forgetEnds(watchedBefore: SourceState | undefined, watchedNow: SourceState): void {
    const watched = new Set((watchedNow.left ?? []).map(({ chunk }) => chunk));
    for (const { chunk } of watchedBefore?.left ?? []) if (!watched.has(chunk)) this.ends.delete(chunk);
  }

  /** Warns once in a process about each thing. */
  reportOnce(event: string, facts: { readonly chunk: string } & Record<string, unknown>): void {
    const about = `${event} ${facts.chunk} ${String(facts['offset'])}`;
    if (this.reported.has(about)) return;
    this.reported.add(about);
    this.options.logger.warn(event, facts);
  }
}

/** A prefix that has one digit more than the last sorts, as text, before all names of fewer digits. */
function grownPrefix(prefix: number, position: number): string[] {
  const digits = Math.max(8, String(prefix).length);
  return String(position + 1).length > digits ? [`1${'0'.repeat(digits)}`] : [];
}
