import type { ReadPoint } from '../../core/cursor.js';
import type { ListedChunk } from './catalog.js';
import type { Fetched } from '../reading/readAhead.js';
import type { Rest, RestKind } from '../lokad/endOfChunk.js';

/**
 * What is known about one version of a chunk from an offset on at which no valid frame starts.
 * `open`: zeros so far, read as far as one range went; the other kinds are verdicts on all of it.
 */
export interface ChunkEnd {
  readonly offset: number;
  readonly kind: RestKind | 'open';
  readonly etag: string;
  readonly chunkBytes: number;
  /** Since when, by the server's clock, the bytes from the offset on are known to be as they are. */
  readonly unchangedSince: number;
  /** The server's time when it last said that this is the current version. */
  date: number;
  /** The last listing when that was asked, and whether it showed a chunk after this one. */
  listing: number;
  hadSuccessor: boolean;
  /** When it was found, in elapsed ms. */
  readonly foundAt: number;
  readonly rest?: Rest;
  /** A later chunk follows, and reading waits here because the frame may still be finished. */
  wait: Wait | undefined;
}

/** When a wait began: as people read it, and in elapsed ms. */
export interface Wait {
  readonly since: string;
  readonly beganAt: number;
}

/** A chunk that reading has left: where it left it, in which version, and how that ends where this is known. */
export interface LeftChunk extends ReadPoint {
  readonly etag: string;
  readonly end?: ChunkEnd;
}

type Seen = Pick<Fetched, 'listing' | 'hadSuccessor'>;

/**
 * What was found at an offset of a version, when the listings had shown so much.
 *
 * @param before what was known of the chunk until then
 */
export function chunkEnd(
  { etag, chunkBytes, lastModified, date }: Rest['version'],
  { listing, hadSuccessor }: Seen,
  found: Pick<ChunkEnd, 'offset' | 'kind' | 'foundAt' | 'rest'>,
  before?: ChunkEnd,
): ChunkEnd {
  const isStillTorn = found.kind === 'torn' && before?.kind === 'torn' && before.offset === found.offset;
  // guard: changed-bytes-settle-anew
  const isSame = isStillTorn && before.rest?.sha1 === found.rest?.sha1;
  // guard: bytes-settle-whatever-their-date
  const unchangedSince = isSame ? before.unchangedSince : lastModified;
  // guard: wait-goes-on-while-bytes-change
  const wait = isStillTorn ? before.wait : undefined;
  return { ...found, etag, chunkBytes, unchangedSince, date, listing, hadSuccessor, wait };
}

/** Notes that the server calls the version the current one. */
export function confirmEnd(end: ChunkEnd, date: number, seen: Seen): void {
  end.date = date;
  end.listing = seen.listing;
  end.hadSuccessor = seen.hadSuccessor;
}

/** False when a listing that was made later shows another version. */
export function isCurrent(end: ChunkEnd, listed: ListedChunk | undefined): boolean {
  return !listed || listed.listing <= end.listing || listed.etag === end.etag;
}

/** True when the bytes of a torn frame have stayed the same for so long that its writer is taken to be gone. */
export function hasSettled(end: ChunkEnd, settleSeconds: number): boolean {
  // guard: settled-before-it-is-left
  return end.date - end.unchangedSince >= settleSeconds * 1000;
}
