import { createHash } from 'node:crypto';

import type { ContainerClient } from '@azure/storage-blob';

import type { Clock } from '../../core/clock.js';
import { listAll, listFrom, type Chunk, type Listing } from './listing.js';
import { comparePosition, parseChunkName, type ChunkName } from './name.js';

/** A chunk, and the numbers of the listing that showed it so and of the one that showed it first. */
export interface ListedChunk extends Chunk {
  readonly listing: number;
  readonly firstListing: number;
}

/** How many names there are before a place in the order, and a digest of them that does not depend on their order. */
export interface NamesDigest {
  readonly count: number;
  readonly digest: string;
}

export interface AddedChunks {
  readonly chunks: readonly ListedChunk[];
  readonly certain: boolean;
}

/** The chunks of the container as the listings so far show them, in reading order. */
export class ChunkCatalog {
  /** Counts listings; 0 before the first. */
  listing = 0;
  /** When the last full listing was made, and the last of either kind, in elapsed ms. */
  fullAt = -Infinity;
  listedAt = -Infinity;
  private readonly byName = new Map<string, ListedChunk>();
  private inOrder: ListedChunk[] = [];
  private orderIsOld = false;
  private places = new Map<string, number>();
  /** XOR of the name hashes before each place, two 32-bit halves each. */
  private xorBefore = new Uint32Array(2);
  /** Where the next partial listing goes on when the last one did not reach the end of the names. */
  private sweepFrom: string | undefined;

  constructor(
    private readonly container: ContainerClient,
    private readonly clock: Clock,
  ) {}

  get ordered(): readonly ListedChunk[] {
    return this.inOrder;
  }

  get(name: string): ListedChunk | undefined {
    return this.byName.get(name);
  }

  /** Lists every name. @throws Failure `SourceUnreachable` */
  async listAll(signal: AbortSignal): Promise<Listing> {
    const listing = await listAll(this.container, signal);
    const names = new Set(listing.chunks.map(({ name }) => name));
    for (const name of this.byName.keys()) if (!names.has(name)) this.byName.delete(name);
    this.orderIsOld = true;
    this.sweepFrom = undefined;
    this.take(listing);
    this.fullAt = this.listedAt;
    return listing;
  }

  /** Lists the names from one on, or where the last such listing broke off; always one call. */
  async listFrom(name: string, signal: AbortSignal): Promise<void> {
    const from = this.sweepFrom ?? name;
    const listing = await listFrom(this.container, from, signal);
    this.sweepFrom = listing.endedAt !== undefined && listing.endedAt > from ? listing.endedAt : undefined;
    this.take(listing);
  }

  /** The place of a chunk in the order, or where it would be. */
  indexOf(name: string): number {
    const known = this.places.get(name);
    if (known !== undefined) return known;
    const parsed = parseChunkName(name);
    return parsed ? this.lowerBound(parsed) : 0;
  }

  /** The chunks after the one named, in order. */
  *after(name: string): Generator<ListedChunk> {
    const from = name === '' ? 0 : this.indexOf(name) + (this.places.has(name) ? 1 : 0);
    for (let index = from; index < this.inOrder.length; index++) {
      const chunk = this.inOrder[index];
      if (chunk) yield chunk;
    }
  }

  hasSuccessor(name: string): boolean {
    return !this.after(name).next().done;
  }

  namesBefore(name: string): NamesDigest {
    const count = this.indexOf(name);
    return { count, digest: digestText(this.xorBefore[2 * count] ?? 0, this.xorBefore[2 * count + 1] ?? 0) };
  }

  /**
   * The chunks before a place that were not there when the digest was made. Certain where the digest proves it: not
   * when others have gone meanwhile, and not when several are new and the service's times do not tell them apart.
   */
  addedBefore(name: string, before: NamesDigest): AddedChunks {
    const now = this.namesBefore(name);
    const added = Math.max(1, now.count - before.count);
    const newestFirst = this.inOrder
      .slice(0, now.count)
      .sort((one, other) => other.firstListing - one.firstListing || other.createdOn - one.createdOn);
    const explains = (chunks: readonly Chunk[]) =>
      now.count === before.count + chunks.length && digestWith(before, chunks).digest === now.digest;
    const single = newestFirst.find((chunk) => explains([chunk]));
    const chunks = single ? [single] : newestFirst.slice(0, added);
    return { chunks, certain: explains(chunks) };
  }

  private take({ chunks }: Listing): void {
    const names = this.byName.size;
    const listing = this.listing + 1;
    for (const chunk of chunks) {
      const firstListing = this.byName.get(chunk.name)?.firstListing ?? listing;
      this.byName.set(chunk.name, { ...chunk, listing, firstListing });
    }
    if (this.byName.size !== names) this.orderIsOld = true;
    this.listing = listing;
    this.listedAt = this.clock.elapsed();
    if (this.orderIsOld) this.order();
    else for (const { name } of chunks) this.refresh(name);
  }

  private refresh(name: string): void {
    const [index, chunk] = [this.places.get(name), this.byName.get(name)];
    if (index !== undefined && chunk) this.inOrder[index] = chunk;
  }

  private order(): void {
    this.orderIsOld = false;
    this.inOrder = [...this.byName.values()].sort(comparePosition);
    this.places = new Map(this.inOrder.map(({ name }, index) => [name, index]));
    this.xorBefore = new Uint32Array(2 * this.inOrder.length + 2);
    this.inOrder.forEach(({ name }, index) => {
      const [high, low] = nameHash(name);
      this.xorBefore[2 * index + 2] = (this.xorBefore[2 * index] ?? 0) ^ high;
      this.xorBefore[2 * index + 3] = (this.xorBefore[2 * index + 1] ?? 0) ^ low;
    });
  }

  private lowerBound(name: ChunkName): number {
    let [low, high] = [0, this.inOrder.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const chunk = this.inOrder[middle];
      if (chunk && comparePosition(chunk, name) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Hashes of names, so that an order that is made anew costs little; forgotten when there are too many. */
const hashes = new Map<string, readonly [number, number]>();
const maxHashes = 200_000;

function nameHash(name: string): readonly [number, number] {
  const known = hashes.get(name);
  if (known) return known;
  const sha256 = createHash('sha256').update(name).digest();
  const hash = [sha256.readUInt32BE(0), sha256.readUInt32BE(4)] as const;
  if (hashes.size >= maxHashes) hashes.clear();
  hashes.set(name, hash);
  return hash;
}

export function digestWith({ count, digest }: NamesDigest, chunks: readonly Pick<Chunk, 'name'>[]): NamesDigest {
  let [high, low] = [parseInt(digest.slice(0, 8), 16), parseInt(digest.slice(8), 16)];
  for (const { name } of chunks) {
    const hash = nameHash(name);
    high ^= hash[0];
    low ^= hash[1];
  }
  return { count: count + chunks.length, digest: digestText(high >>> 0, low >>> 0) };
}

/** The digest of names without one of them: what was mixed in by exclusive or goes out the same way. */
export function digestWithout(digest: NamesDigest, name: string): NamesDigest {
  return { ...digestWith(digest, [{ name }]), count: digest.count - 1 };
}

/** 16 hex digits. */
function digestText(high: number, low: number): string {
  return [high, low].map((half) => half.toString(16).padStart(8, '0')).join('');
}
