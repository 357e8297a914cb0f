import type { SourceState } from '../../core/cursor.js';
import type { Chunk } from './listing.js';
import { comparePosition, compareTime, parseChunkName, type ChunkName } from './name.js';
import type { FrameVariant } from '../lokad/frame.js';

/** Which variant a chunk's frames have; undefined when it holds none. */
export type Probe = (chunk: Chunk, signal: AbortSignal) => Promise<FrameVariant | undefined>;

/**
 * Where a store changed from int32 to varint frames, if it did. The varint code saw no records in the int32 chunks and
 * numbered its own from zero again, so the chunks interleave by name: all int32 chunks come first. A store changes
 * once, so two known chunks settle every chunk before the one and behind the other.
 */
export class Eras {
  /** The newest chunk known to be int32, and the oldest known to be varint. */
  private int32Until: ChunkName | undefined;
  private varintFrom: ChunkName | undefined;
  private readonly exempted = new Set<string>();

  constructor(private readonly probe: Probe) {}

  /** Takes over what a checkpoint kept; names that are gone do no harm. */
  recall(eras: NonNullable<SourceState['eras']>): void {
    this.learn(parseChunkName(eras.int32Until), 'int32');
    this.learn(parseChunkName(eras.varintFrom), 'varint');
  }

  /** A chunk that a person allowed to be of the other era says nothing about where the eras meet. */
  exempt(name: string): void {
    this.exempted.add(name);
  }

  /**
   * Takes note of a chunk whose variant a verified frame has shown. An int32 chunk that is newer than a varint one is
   * in the wrong place, and says nothing either: it is found when it is read where its time puts it.
   *
   * @returns whether the order of the chunks may have changed
   */
  learn(chunk: ChunkName | undefined, variant: FrameVariant): boolean {
    if (!chunk || this.exempted.has(chunk.name)) return false;
    const before = this.known;
    if (variant === 'int32' && this.olderThanVarint(chunk) && this.newerThanInt32(chunk)) this.int32Until = chunk;
    if (variant === 'varint' && this.olderThanVarint(chunk)) {
      this.varintFrom = chunk;
      if (!this.newerThanInt32(chunk)) this.int32Until = undefined;
    }
    return this.known !== before;
  }

  /**
   * Probes as few chunks as it takes to know the era of each: usually the oldest and the newest that hold a frame. Any
   * chunk between the two eras is probed, also one that is listed later than those that follow it.
   *
   * @returns whether the order of the chunks may have changed
   */
  async settle(chunks: readonly Chunk[], signal: AbortSignal): Promise<boolean> {
    const before = this.known;
    await this.probeWhereNeeded(
      chunks.filter(({ name }) => !this.exempted.has(name)),
      signal,
    );
    return this.known !== before;
  }

  private get known(): string {
    return `${this.int32Until?.name} ${this.varintFrom?.name}`;
  }

  private async probeWhereNeeded(chunks: readonly Chunk[], signal: AbortSignal): Promise<void> {
    if (!this.varintFrom)
      await this.probeFirst(chunks, this.newerThanInt32, (one, other) => compareTime(other, one), signal);
    // A varint store whose newest chunk a writer of the other era made is none of int32.
    // guard: oldest-chunk-too
    if (this.int32Until && !this.varintFrom) await this.probeFirst(chunks, () => true, compareTime, signal);
    if (!this.varintFrom) return;
    if (!this.int32Until) await this.probeFirst(chunks, this.olderThanVarint, compareTime, signal);
    await this.bisect(chunks.filter(this.newerThanInt32).filter(this.olderThanVarint).sort(compareTime), signal);
  }

  /** True where a chunk's era is not known: no chunk has shown a frame yet, or it lies between the two eras. */
  isOpen(chunk: ChunkName): boolean {
    if (!this.int32Until && !this.varintFrom) return true;
    const isTwo = this.int32Until !== undefined && this.varintFrom !== undefined;
    return isTwo && this.newerThanInt32(chunk) && this.olderThanVarint(chunk);
  }

  /** The variant that a chunk's frames should have. */
  variantOf(chunk: ChunkName): FrameVariant {
    return this.int32Until && !this.newerThanInt32(chunk) ? 'int32' : 'varint';
  }

  /**
   * False for a chunk of an int32 store that is newer than all that hold a frame: it may be the first of the varint
   * era, and its name does not say where it belongs.
   */
  hasPlace(chunk: ChunkName): boolean {
    // guard: place-of-a-chunk-between-eras
    return this.varintFrom !== undefined || !this.int32Until || !this.newerThanInt32(chunk);
  }

  /** Reading order. */
  readonly compare = (one: ChunkName, other: ChunkName): number => {
    const [first, second] = [this.variantOf(one), this.variantOf(other)];
    // guard: int32-chunks-first
    return first === second ? comparePosition(one, other) : first === 'int32' ? -1 : 1;
  };

  /** What a checkpoint keeps; undefined for a store of one era. */
  get memory(): SourceState['eras'] {
    const { int32Until, varintFrom } = this;
    return int32Until && varintFrom ? { int32Until: int32Until.name, varintFrom: varintFrom.name } : undefined;
  }

  private readonly newerThanInt32 = (chunk: ChunkName): boolean =>
    !this.int32Until || compareTime(chunk, this.int32Until) > 0;

  private readonly olderThanVarint = (chunk: ChunkName): boolean =>
    !this.varintFrom || compareTime(chunk, this.varintFrom) < 0;

  /** Probes in the order given until a chunk holds a frame. */
  private async probeFirst(
    chunks: readonly Chunk[],
    among: (chunk: Chunk) => boolean,
    order: (one: Chunk, other: Chunk) => number,
    signal: AbortSignal,
  ): Promise<void> {
    for (const chunk of chunks.filter(among).sort(order)) {
      const variant = await this.probe(chunk, signal);
      if (variant) {
        this.learn(chunk, variant);
        return;
      }
    }
  }

  private async bisect(byTime: readonly Chunk[], signal: AbortSignal): Promise<void> {
    for (let between = this.int32Until ? [...byTime] : []; between.length > 0;) {
      const [chunk] = between.splice(between.length >> 1, 1);
      const variant = chunk && (await this.probe(chunk, signal));
      if (!variant) continue;
      this.learn(chunk, variant);
      between = between.filter(this.newerThanInt32).filter(this.olderThanVarint);
    }
  }
}
