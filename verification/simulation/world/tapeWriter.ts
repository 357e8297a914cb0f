import { pageBytes, type Blob, type BlobService } from './blobService.js';
import type { Random } from '../schedule/random.js';
import type { SimulatedTime } from './simulatedTime.js';
import { contentEnd, frameOf, framesOf, type Variant, type WrittenRecord } from './tapeFrames.js';

/** What all writers share: the container, its clock and its naming of chunks. */
export interface WriterWorld {
  readonly time: SimulatedTime;
  readonly blobs: BlobService;
  /** Names of chunks that will be copied from another container: no writer uses them for its own chunks. */
  readonly reserved: Set<string>;
  readonly random: Random;
  readonly chunkBytes: number;
  /** The number in the name of a writer's first chunk: until 2013 the records `before` it, later its `first` record. */
  readonly naming: 'before' | 'first';
  /** Added to every number in a name. */
  readonly basePrefix: number;
  /** Called with every frame before its bytes become visible. */
  readonly written: (chunk: string, offset: number, record: WrittenRecord, frame: Buffer) => void;
}

interface OpenChunk {
  readonly blob: Blob;
  /** Where the next frame goes. */
  end: number;
  /** Where the first page starts that is not full. `pending` holds the bytes from there on. */
  pageStart: number;
  pending: Buffer;
}

/**
 * Writes chunks as Lokad.CQRS did, with the faults that it had: overwrites in the same second, phantom frames, torn
 * writes, two writers, readers that truncate. Its pages become visible one by one.
 */
export class TapeWriter {
  private chunk: OpenChunk | undefined;
  private records: number;

  /** @param known how many records the process counted when it started; absent means all there are */
  constructor(
    private readonly world: WriterWorld,
    private readonly variant: Variant,
    known?: number,
  ) {
    this.records = known ?? countRecords(world.blobs, variant);
  }

  /** Appends one record; tries again in a new chunk when the write failed. */
  async append(record: WrittenRecord): Promise<void> {
    const frame = frameOf(record, this.variant);
    for (let attempt = 0; attempt < 3; attempt++) {
      const chunk = await this.room(frame.length);
      this.note(chunk, record, frame);
      if (await this.writePages(chunk, frame)) {
        this.advance(chunk, frame);
        return;
      }
      this.chunk = undefined;
    }
  }

  /** Restarts the writer: it counts the records again, and goes on in a new chunk. */
  restart(known?: number): void {
    this.chunk = undefined;
    this.records = known ?? countRecords(this.world.blobs, this.variant);
  }

  /** How many records the writer believes there are. */
  get known(): number {
    return this.records;
  }

  hasOpen(blob: Blob): boolean {
    return this.chunk?.blob === blob;
  }

  /**
   * Opens a new chunk and writes one record. In the same second it opens the next chunk under the same name, which
   * erases that record.
   *
   * @param inFlight a record whose pages are on their way to the old chunk, and arrive in the new one of the same name
   */
  async overwriteInSameSecond(erased: WrittenRecord, next: WrittenRecord, inFlight?: WrittenRecord): Promise<void> {
    this.chunk = undefined;
    await this.append(erased);
    const old = this.chunk as OpenChunk | undefined;
    if (!old) return;
    await this.world.time.sleep(this.world.random.skewed(1, 900));
    this.chunk = this.empty(old.blob.name);
    const { blob } = this.chunk;
    const landing = inFlight && this.land({ ...old, blob }, inFlight);
    await this.append(next);
    await landing;
  }

  private async land(chunk: OpenChunk, record: WrittenRecord): Promise<void> {
    const frame = frameOf(record, this.variant);
    this.note(chunk, record, frame);
    await this.world.time.sleep(this.world.random.skewed(1, 100));
    await this.writePages(chunk, frame);
  }

  /** Writes a frame, but the writer is told that the write failed, and writes the record again in a new chunk. */
  async phantom(record: WrittenRecord, lateMs: number): Promise<void> {
    const frame = frameOf(record, this.variant);
    const chunk = await this.room(frame.length);
    this.note(chunk, record, frame);
    const late = async (): Promise<void> => {
      await this.world.time.sleep(lateMs);
      await this.writePages(chunk, frame);
    };
    const landed = late();
    if (lateMs === 0) await landed;
    this.chunk = undefined;
    this.records = countRecords(this.world.blobs, this.variant);
    await this.append(record);
    await landed;
  }

  /** The writer dies while it writes: the first pages arrive, the rest never or much later. */
  async tear(record: WrittenRecord, restAfterMs: number | undefined): Promise<void> {
    const frame = frameOf(record, this.variant);
    const chunk = await this.room(frame.length);
    this.note(chunk, record, frame);
    const firstPages = roundUp(chunk.end + 1);
    if (firstPages < chunk.end + frame.length) await this.writePages(chunk, frame, firstPages);
    this.restart();
    if (restAfterMs === undefined) return;
    await this.world.time.sleep(restAfterMs);
    await this.writePages(chunk, frame);
  }

  /** Writes a damaged frame and a valid one after it, in one page write. */
  async damaged(record: WrittenRecord, next: WrittenRecord): Promise<void> {
    const bad = frameOf(record, this.variant);
    const good = frameOf(next, this.variant);
    const chunk = await this.room(bad.length + good.length);
    bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 0xff;
    this.world.written(chunk.blob.name, chunk.end + bad.length, next, good);
    const both = Buffer.concat([bad, good]);
    if (chunk.pending.length + both.length > pageBytes)
      this.chunk = undefined; // they do not fit into one page, so they would not become visible at the same time
    else if (await this.writePages(chunk, both)) this.advance(chunk, both);
  }

  private async room(frameBytes: number): Promise<OpenChunk> {
    if (this.chunk && this.chunk.end + frameBytes > this.world.chunkBytes) {
      this.chunk = await this.open(this.records);
    }
    this.chunk ??= await this.open(this.records + (this.world.naming === 'first' ? 1 : 0));
    return this.chunk;
  }

  private nameFor(prefix: number): string {
    const { time, basePrefix } = this.world;
    return `${String(basePrefix + prefix).padStart(8, '0')}-${utcSecond(time.now)}.dat`;
  }

  /** Opens a chunk. Waits for the next second if its name is taken: Lokad.CQRS would erase that chunk (`overwrite`). */
  private async open(prefix: number): Promise<OpenChunk> {
    const { time, blobs, reserved } = this.world;
    const isTaken = (name: string): boolean => blobs.blobs.has(name) || reserved.has(name);
    while (isTaken(this.nameFor(prefix))) await time.sleep(1000 - (time.now % 1000));
    return this.empty(this.nameFor(prefix));
  }

  private empty(name: string): OpenChunk {
    const { blobs, chunkBytes } = this.world;
    return { blob: blobs.put(name, chunkBytes), end: 0, pageStart: 0, pending: Buffer.alloc(0) };
  }

  private note(chunk: OpenChunk, record: WrittenRecord, frame: Buffer): void {
    this.world.written(chunk.blob.name, chunk.end, record, frame);
  }

  private advance(chunk: OpenChunk, frame: Buffer): void {
    const pending = Buffer.concat([chunk.pending, frame]);
    chunk.end += frame.length;
    const full = Math.floor(pending.length / pageBytes) * pageBytes;
    chunk.pageStart += full;
    chunk.pending = pending.subarray(full);
    this.records++;
  }

  /** Writes the pending bytes and a frame after them, up to `end`, in whole pages. @returns false if it was refused */
  private async writePages(chunk: OpenChunk, frame: Buffer, end = chunk.end + frame.length): Promise<boolean> {
    const { time, blobs, random } = this.world;
    const { blob, pageStart } = chunk;
    const pages = Buffer.alloc(roundUp(end) - pageStart);
    Buffer.concat([chunk.pending, frame]).copy(pages);
    for (let at = 0; at < pages.length; at += pageBytes) {
      if (at > 0 || random.chance(0.5)) await time.sleep(random.skewed(1, 30));
      if (!blobs.write(blob, pageStart + at, pages.subarray(at, at + pageBytes))) return false;
    }
    return true;
  }
}

/** Does what readers of Lokad.CQRS did: they cut off the end of a chunk that they took for unused. */
export async function truncateAsReadersDid(world: WriterWorld, variant: Variant, afterMs: number): Promise<void> {
  const { blobs, time, chunkBytes } = world;
  for (const blob of [...blobs.blobs.values()]) {
    if (blob.bytes.length !== chunkBytes) continue;
    const used = framesOf(blob.bytes, variant).at(-1)?.end ?? 0;
    if (used === 0 || blob.bytes.length - used < pageBytes) continue;
    await time.sleep(afterMs);
    if (blobs.blobs.get(blob.name) !== blob) continue;
    const backup = blobs.put(`${blob.name}.bak`, blob.bytes.length);
    blobs.write(backup, 0, blob.bytes);
    blobs.resize(blob, roundUp(used));
  }
}

/** Appends a frame to an older chunk, as a process does that still has it open. */
export async function growOlderChunk(
  world: WriterWorld,
  variant: Variant,
  record: WrittenRecord,
  back: number,
  others: readonly TapeWriter[],
): Promise<void> {
  const names = [...world.blobs.blobs.keys()].filter((name) => name.endsWith('.dat')).sort();
  const blob = world.blobs.blobs.get(names.at(-1 - back) ?? '');
  if (!blob || others.some((writer) => writer.hasOpen(blob))) return; // two writers on one chunk are another deed
  const end = framesOf(blob.bytes, variant).at(-1)?.end ?? 0;
  if (contentEnd(blob.bytes) > end) return;
  const frame = frameOf(record, variant);
  if (end + frame.length > blob.bytes.length) return;
  world.written(blob.name, end, record, frame);
  await world.time.sleep(1);
  world.blobs.write(blob, end, frame);
}

function countRecords(blobs: BlobService, variant: Variant): number {
  let records = 0;
  for (const { name, bytes } of blobs.blobs.values()) {
    if (name.endsWith('.dat')) records += framesOf(bytes, variant).length;
  }
  return records;
}

/** `yyyy-MM-dd-HHmmss` in UTC. */
export function utcSecond(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '');
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / pageBytes) * pageBytes;
}
