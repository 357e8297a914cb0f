import type { BlobDownloadResponseParsed, ContainerClient } from '@azure/storage-blob';

import type { ReadPoint } from '../../core/cursor.js';
import { Failure } from '../../core/failure.js';
import { plainEtag, statusOf, unreachable, untilSilence } from '../../storage/call.js';
import { sha1Bytes } from '../lokad/frame.js';

/** Bytes of a chunk, all of one version of it. */
export interface ChunkBytes {
  readonly chunk: string;
  /** Offset in the chunk of the first byte. */
  readonly start: number;
  readonly bytes: Buffer;
  /** Length of the chunk in this version. */
  readonly chunkBytes: number;
  /** Without quotes, as listings have it. */
  readonly etag: string;
  /** Milliseconds since 1970, by the server's clock, as is `date`: when it answered. */
  readonly lastModified: number;
  readonly date: number;
  /** State of the copy into this chunk, while it has not succeeded. */
  readonly openCopy: string | undefined;
}

/**
 * What a ranged read gave. `unchanged`: the version is the one named. `pastEnd`: the chunk ends at or before the
 * range. `missing`: there is no such chunk.
 */
export type RangeRead =
  | { readonly kind: 'bytes'; readonly read: ChunkBytes }
  | { readonly kind: 'unchanged'; readonly date: number }
  | { readonly kind: 'pastEnd' }
  | { readonly kind: 'missing' };

export interface RangeRequest {
  readonly chunk: string;
  readonly start: number;
  /** Most bytes; the chunk may end before. */
  readonly count: number;
  /** The version already known: while it is the current one, no bytes are sent. */
  readonly knownEtag?: string | undefined;
}

/** Reads ranges of chunks. Nothing is ever written to the container, no lease is taken. */
export class BlobReader {
  constructor(private readonly container: ContainerClient) {}

  /**
   * One ranged read. A body that breaks off or falls silent is asked for again, whole: the SDK's own repair asks for
   * the rest of a version that may not exist any more.
   *
   * @throws Failure `SourceUnreachable`; the signal's reason once it is aborted
   */
  async read(request: RangeRequest, signal: AbortSignal): Promise<RangeRead> {
    const { chunk, start, count, knownEtag } = request;
    const blob = this.container.getBlobClient(chunk);
    const conditions = knownEtag === undefined ? {} : { ifNoneMatch: `"${knownEtag}"` };
    try {
      return await untilSilence(signal, async (abortSignal, heard) => {
        const response = await blob.download(start, count, { abortSignal, conditions, maxRetryRequests: 0 });
        const bytes = await body(response, heard);
        return { kind: 'bytes', read: { chunk, start, bytes, ...versionOf(response, bytes.length) } };
      });
    } catch (thrown) {
      signal.throwIfAborted();
      const answer = withoutBytes(thrown);
      if (answer) return answer;
      throw unreachable(thrown, this.container, chunk);
    }
  }
}

function versionOf(
  response: BlobDownloadResponseParsed,
  bodyBytes: number,
): Omit<ChunkBytes, 'chunk' | 'start' | 'bytes'> {
  const { copyStatus } = response;
  return {
    chunkBytes: Number(/\/(\d+)$/.exec(response.contentRange ?? '')?.[1] ?? bodyBytes),
    etag: plainEtag(response.etag),
    lastModified: response.lastModified?.getTime() ?? 0,
    date: response.date?.getTime() ?? 0,
    openCopy: copyStatus === 'success' ? undefined : copyStatus,
  };
}

async function body(response: BlobDownloadResponseParsed, heard: () => void): Promise<Buffer> {
  const expected = response.contentLength ?? 0;
  const bytes = Buffer.allocUnsafeSlow(expected);
  let filled = 0;
  for await (const part of response.readableStreamBody ?? []) {
    filled += (part as Buffer).copy(bytes, filled);
    heard();
  }
  // guard: whole-body
  if (filled !== expected) throw new Error(`the body ended after ${filled} of ${expected} bytes`);
  return bytes;
}

/** The answers that carry no bytes and are no failure; undefined for everything else. */
function withoutBytes(thrown: unknown): RangeRead | undefined {
  const { status, code, date } = statusOf(thrown);
  if (status === 304) return { kind: 'unchanged', date };
  if (status === 416) return { kind: 'pastEnd' };
  // guard: chunk-or-container-gone
  if (status === 404 && code !== 'ContainerNotFound' && code !== 'ContainerBeingDeleted') return { kind: 'missing' };
  return undefined;
}

/** Where a read for the bytes at a point starts: early enough to show the hash of the frame that ends there. */
export function readStart({ offset }: ReadPoint): number {
  return Math.max(0, offset - sha1Bytes);
}

/**
 * The bytes of an answer, once it is certain that what was read before the point is still there.
 *
 * @returns undefined for a chunk without bytes
 * @throws Failure `SourceTruncated` or `SourceReplaced`
 */
export function bytesAfter(
  point: ReadPoint,
  answer: Exclude<RangeRead, { kind: 'unchanged' }>,
): ChunkBytes | undefined {
  const { chunk, offset, sha1 } = point;
  if (answer.kind === 'missing') {
    // guard: chunk-that-is-gone
    throw new Failure('SourceReplaced', `Chunk ${chunk} is gone, but reading stood at byte ${offset} of it.`, {
      chunk,
      offset,
    });
  }
  if (answer.kind === 'pastEnd' || answer.read.chunkBytes < offset) {
    // guard: chunk-shorter-than-the-cursor
    if (offset === 0) return undefined;
    const length = answer.kind === 'bytes' ? answer.read.chunkBytes : `at most ${offset - sha1Bytes}`;
    throw new Failure(
      'SourceTruncated',
      `Chunk ${chunk} has ${length} bytes now, but ${offset} had been read: records that were replicated are gone.`,
      { chunk, offset },
    );
  }
  const { read } = answer;
  const hashEnd = offset - read.start;
  // guard: overlap-of-20-bytes
  if (offset > 0 && read.bytes.toString('hex', hashEnd - sha1Bytes, hashEnd) !== sha1) {
    throw new Failure(
      'SourceReplaced',
      `Chunk ${chunk} is another one now: before byte ${offset} stands another frame than the one that was read.`,
      { chunk, offset, expectedSha1: sha1 },
    );
  }
  return read;
}
