import { Failure } from '../../core/failure.js';
import type { ReadPoint } from '../../core/cursor.js';
import type { ChunkBytes, RangeRead } from './blobReader.js';
import { sha1Bytes } from '../lokad/sha1.js';

/** A read behind a frame starts so much earlier: those bytes must be the frame's hash. */
export const overlapBytes = sha1Bytes;

/** Where a read for the bytes at a point starts. */
export function readStart({ offset }: ReadPoint): number {
  return Math.max(0, offset - overlapBytes);
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
    const length = answer.kind === 'bytes' ? answer.read.chunkBytes : `at most ${offset - overlapBytes}`;
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
