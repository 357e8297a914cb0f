import { createHash } from 'node:crypto';
import type { BlobReader, ChunkBytes, RangeRead } from '../reading/blobReader.js';
import { isZero, maxFrameBytes, parseFrame, ParsedFrame, type FrameVariant } from './frame.js';
import { findFrame, hashBudget, type HashBudget } from './search.js';

/**
 * What stands between an offset, at which no valid frame starts, and the end of the chunk.
 * - `clean`: zeros or nothing
 * - `torn`: something, but no valid frame: what an interrupted writer leaves
 * - `corrupt`: a bad frame with a valid one after it, or one that is too large to be read
 */
export type RestKind = 'clean' | 'torn' | 'corrupt';

/** A verdict on the rest of one version of a chunk. */
export interface Rest {
  readonly kind: RestKind;
  readonly version: Pick<ChunkBytes, 'etag' | 'lastModified' | 'date' | 'chunkBytes'>;
  /** What is wrong at the offset; empty for `clean`. */
  readonly reason: string;
  /** From the offset to the last byte that is not zero. */
  readonly strayBytes: number;
  /** `torn`: the hash of all bytes from the offset to the end of the chunk, to tell when they change. */
  readonly sha1?: string;
  /** `corrupt`: offset of the next valid frame in the chunk, when one was found. */
  readonly nextFrameAt?: number;
}

export interface RestRequest {
  readonly chunk: string;
  readonly offset: number;
  readonly variant: FrameVariant;
  /** Search after a frame that is too large to be read; otherwise such a frame is the verdict. */
  readonly behindTooLarge: boolean;
}

const windowBytes = 2 * maxFrameBytes;
const attempts = 5;

/**
 * Reads from the offset to the end of the chunk under one ETag and says what stands there.
 *
 * @returns undefined when there is no verdict: a valid frame stands at the offset by now, the chunk is gone or ends
 *   before the offset, or it changes faster than it can be read
 */
export async function examineRest(
  reader: BlobReader,
  request: RestRequest,
  signal: AbortSignal,
): Promise<Rest | undefined> {
  const found = await examine(reader, request, signal);
  return found === 'frame' ? undefined : found;
}

/** Whether a valid frame of the variant stands at the offset or anywhere after it in the chunk. */
export async function holdsFrame(
  reader: BlobReader,
  place: Omit<RestRequest, 'behindTooLarge'>,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await examine(reader, { ...place, behindTooLarge: true }, signal);
  return found === 'frame' || found?.nextFrameAt !== undefined;
}

/** `frame`: a valid one stands at the offset. */
async function examine(
  reader: BlobReader,
  request: RestRequest,
  signal: AbortSignal,
): Promise<Rest | 'frame' | undefined> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const first = await reader.read({ chunk: request.chunk, start: request.offset, count: windowBytes }, signal);
    if (first.kind !== 'bytes') return undefined;
    const rest = await examineVersion(reader, request, first.read, signal);
    if (rest === 'frame') return rest;
    // guard: same-version-after-the-verdict
    if (rest !== 'changed' && (await stillCurrent(reader, request, rest, signal))) return rest;
  }
  return undefined;
}

/** A page write and a read at the same time may mix: a bad verdict needs the version to be the same afterwards. */
async function stillCurrent(
  reader: BlobReader,
  request: RestRequest,
  rest: Rest,
  signal: AbortSignal,
): Promise<boolean> {
  if (rest.kind === 'clean') return true;
  const { chunk, offset } = request;
  const again = await reader.read({ chunk, start: offset, count: 1, knownEtag: rest.version.etag }, signal);
  return again.kind === 'unchanged' || (again.kind === 'bytes' && again.read.etag === rest.version.etag);
}

async function examineVersion(
  reader: BlobReader,
  { offset, variant, behindTooLarge }: RestRequest,
  first: ChunkBytes,
  signal: AbortSignal,
): Promise<Rest | 'frame' | 'changed'> {
  const frame = new ParsedFrame();
  const state = parseFrame(first.bytes, 0, variant, frame);
  if (state === 'valid') return 'frame';
  const reason = reasonOf(state, frame);
  if (frame.tooLarge && !behindTooLarge && offset + frame.end <= first.chunkBytes) {
    return { kind: 'corrupt', version: first, reason, strayBytes: first.chunkBytes - offset };
  }
  const budget = hashBudget();
  const hash = createHash('sha1');
  let hashedEnd = offset;
  let strayEnd = offset;
  for (let window = first; ;) {
    const stray = lastStray(window.bytes);
    if (stray > 0) strayEnd = window.start + stray;
    hash.update(window.bytes.subarray(hashedEnd - window.start));
    hashedEnd = window.start + window.bytes.length;
    const found = await searchWindow(window, offset, variant, budget, signal);
    if (found !== undefined) {
      return { kind: 'corrupt', version: first, reason, strayBytes: found - offset, nextFrameAt: found };
    }
    const next = await nextWindow(reader, window, signal);
    if (next === 'end') break;
    // guard: one-version-to-the-end
    if (next.kind !== 'bytes' || next.read.etag !== first.etag) return 'changed';
    window = next.read;
  }
  const strayBytes = strayEnd - offset;
  return strayBytes === 0
    ? { kind: 'clean', version: first, reason: '', strayBytes }
    : { kind: 'torn', version: first, reason, strayBytes, sha1: hash.digest('hex') };
}

function reasonOf(state: 'blank' | 'incomplete' | 'invalid', frame: ParsedFrame): string {
  if (state === 'invalid') return frame.reason;
  return state === 'blank' ? 'there are zeros where a frame should start' : 'the chunk ends inside the frame';
}

/** Windows overlap by the largest frame, so that each frame lies whole in the window in which it starts. */
async function nextWindow(reader: BlobReader, window: ChunkBytes, signal: AbortSignal): Promise<RangeRead | 'end'> {
  const { chunk, start, bytes, chunkBytes } = window;
  // guard: verdict-on-all-of-the-rest
  if (start + bytes.length >= chunkBytes) return 'end';
  return reader.read({ chunk, start: start + bytes.length - maxFrameBytes, count: windowBytes }, signal);
}

async function searchWindow(
  window: ChunkBytes,
  offset: number,
  variant: FrameVariant,
  budget: HashBudget,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { start, bytes, chunkBytes } = window;
  const isLast = start + bytes.length >= chunkBytes;
  const from = Math.max(offset + 1, start) - start;
  const to = isLast ? bytes.length : bytes.length - maxFrameBytes;
  const found = await findFrame(bytes, from, to, variant, budget, signal);
  return found === undefined ? undefined : start + found;
}

/** Where the zeros begin that stand at the end. */
function lastStray(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0) {
    const from = Math.max(0, end - 4096);
    if (!isZero(bytes, from, end)) break;
    end = from;
  }
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}
