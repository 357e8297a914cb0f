import { setTimeout as delay } from 'node:timers/promises';

import { RestError } from '@azure/storage-blob';
import type { ContainerClient, PageBlobClient } from '@azure/storage-blob';

import { encodeBatch } from './messageStore.js';
import type { Commit } from './messageStore.js';
import { encodeFrame, hashOf } from './tapeFrame.js';
import { chunkBytes, pageBytes, readHistory, wholePages } from './tapeHistory.js';

/** A commit, and where its frame is. */
export interface PlacedCommit {
  readonly commit: Commit;
  readonly chunk: string;
  /** Where the frame starts in the chunk and how long it is, in bytes. */
  readonly offset: number;
  readonly frameBytes: number;
  readonly stamp: bigint;
  /** The frame's SHA-1, 40 hex digits. */
  readonly sha1: string;
}

interface OpenChunk {
  readonly name: string;
  readonly blob: PageBlobClient;
  /** Where the next frame goes. */
  end: number;
  /** Where the first page starts that is not full yet; `pending` has the bytes from there on. */
  pageStart: number;
  pending: Buffer;
}

/**
 * Appends to tapes as Lokad.CQRS' BlobAppendOnlyStore of October 2013 does. Chunks are page blobs of 512 KiB, named for
 * the number of records and the time. Each append writes the last page again while it is not full. A new chunk begins
 * when the next frame does not fit, and after every start. Two things differ. Several commits can share one page write,
 * because an emulator takes only a few hundred writes a second. And when a new chunk would have the name of an existing
 * one, this writer waits for the next second; the original would erase the existing chunk.
 *
 * After a failed write the appender cannot be used any more: open a new one, which reads what was written.
 */
export class TapeAppender {
  private chunk: OpenChunk | undefined;

  private constructor(
    private readonly container: ContainerClient,
    private recordCount: number,
    private readonly versions: Map<string, number>,
  ) {}

  /** Creates the container if it is missing and reads its chunks. The first commit opens a chunk, not this call. */
  static async open(container: ContainerClient): Promise<TapeAppender> {
    await container.createIfNotExists();
    const { records, versions } = await readHistory(container);
    return new TapeAppender(container, records, versions);
  }

  /** The number of records in the store, including those that are placed but not written. */
  get records(): number {
    return this.recordCount;
  }

  /**
   * Gives commits their places in the chunk: as many as fit, at least one. It writes no frames, but may open a chunk.
   *
   * @throws Error when a commit is too large for any chunk.
   */
  async place(commits: readonly Commit[]): Promise<PlacedCommit[]> {
    const placed: PlacedCommit[] = [];
    for (const commit of commits) {
      const stamp = this.nextStamp(commit.key);
      const frame = encodeFrame(stamp, commit.key, encodeBatch(commit));
      if (frame.length > chunkBytes) throw new Error(`A commit of ${frame.length} bytes does not fit a chunk`);
      if (this.chunk !== undefined && this.chunk.end + frame.length > chunkBytes) {
        if (placed.length > 0) break;
        await this.close();
        this.chunk = await this.openChunk(this.recordCount);
      }
      this.chunk ??= await this.openChunk(this.recordCount + 1);
      const { name: chunk, end: offset } = this.chunk;
      placed.push({ commit, chunk, offset, frameBytes: frame.length, stamp, sha1: hashOf(frame).toString('hex') });
      this.chunk.pending = Buffer.concat([this.chunk.pending, frame]);
      this.chunk.end += frame.length;
      this.recordCount++;
      this.versions.set(commit.key, (this.versions.get(commit.key) ?? 0) + 1);
    }
    return placed;
  }

  /** Writes what was placed, in one page write. */
  async flush(): Promise<void> {
    if (this.chunk === undefined) return;
    await writePages(this.chunk, this.chunk.end);
    const full = Math.floor(this.chunk.pending.length / pageBytes) * pageBytes;
    this.chunk.pageStart += full;
    this.chunk.pending = this.chunk.pending.subarray(full);
  }

  /** Writes what was placed up to the first page boundary in the last frame, as a crash during a page write does. */
  async tear(last: PlacedCommit): Promise<void> {
    if (this.chunk === undefined || !crossesPage(last)) throw new Error('Only a frame on two pages can be torn');
    await writePages(this.chunk, wholePages(last.offset + 1));
    this.chunk = undefined;
  }

  /** Leaves the chunk, as the original does with a last write of the last page. */
  async close(): Promise<void> {
    if (this.chunk !== undefined && this.chunk.pending.length > 0) await writePages(this.chunk, this.chunk.end);
    this.chunk = undefined;
  }

  /** The original keeps no count for `audit` and `func`, so all their frames are stamped 1. */
  private nextStamp(key: string): bigint {
    return key === 'audit' || key === 'func' ? 1n : BigInt((this.versions.get(key) ?? 0) + 1);
  }

  /** @param prefix after a roll-over, the number of records before the chunk; at the first append, one more */
  private async openChunk(prefix: number): Promise<OpenChunk> {
    for (;;) {
      const name = `${String(prefix).padStart(8, '0')}-${utcSecond(new Date())}.dat`;
      const blob = this.container.getPageBlobClient(name);
      try {
        await blob.create(chunkBytes, { conditions: { ifNoneMatch: '*' } });
        return { name, blob, end: 0, pageStart: 0, pending: Buffer.alloc(0) };
      } catch (error) {
        if (!(error instanceof RestError) || error.statusCode !== 409) throw error;
        await delay(1000 - (Date.now() % 1000));
      }
    }
  }
}

/** True when a frame lies on more than one page, so that a crash can leave a part of it. */
export function crossesPage({ offset, frameBytes }: PlacedCommit): boolean {
  return wholePages(offset + 1) < offset + frameBytes;
}

/** Writes the pages of a chunk from the first that is not full up to a byte offset, padded with zeros. */
async function writePages({ blob, pageStart, pending }: OpenChunk, end: number): Promise<void> {
  const pages = Buffer.alloc(wholePages(end) - pageStart);
  pending.copy(pages);
  await blob.uploadPages(pages, pageStart, pages.length);
}

/** `yyyy-MM-dd-HHmmss` in UTC. */
function utcSecond(time: Date): string {
  return time.toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '');
}
