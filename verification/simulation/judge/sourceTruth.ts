import type { SourceRecord } from '../../../src/core/record.js';
import { readPayload } from '../../../src/source/lokad/record.js';
import type { Blob, BlobService } from '../world/blobService.js';
import { contentEnd, frameAt, framesOf, type FoundFrame, type Variant } from '../world/tapeFrames.js';

export type OnDamage = 'stop' | 'skip' | 'salvage';

/** What keeps reading from going further than one place in the source. */
export interface Blocker {
  readonly kind: 'SourceCorrupt' | 'SourceGap' | 'copying';
  readonly chunk: string;
}

/** What the container holds, according to the rules of the formats. */
export interface SourceTruth {
  /** All records, also those after a blocker; their positions count on. */
  readonly records: readonly SourceRecord[];
  /** The first blocker, and how many records come before it. */
  readonly blocker?: Blocker & { readonly after: number };
  /** The chunks that hold a frame, in order. */
  readonly order: readonly string[];
  /** The {@link frameKey} of every valid frame, also of those after a blocker. */
  readonly frames: ReadonlySet<string>;
}

interface Chunk {
  readonly name: string;
  readonly prefix: number;
  readonly time: string;
  readonly blob: Blob;
  readonly variant: Variant;
  readonly frames: readonly FoundFrame[];
  readonly isCorrupt: boolean;
  readonly keys: readonly string[];
}

/** Names a frame at one place in the source. */
export function frameKey(chunk: string, offset: number, sha1: string): string {
  return `${chunk}@${offset}@${sha1.slice(0, 16)}`;
}

const known = new WeakMap<Blob, { readonly etag: string; readonly onDamage: OnDamage; readonly chunks: Chunk[] }>();

const tapeName = /^(\d{8,15})-(\d{4}-\d\d-\d\d-\d{4,6})\.dat$/;

/**
 * Reads the container as the formats demand. It is simple on purpose, and shares no code with the code under test,
 * except to read a frame's payload.
 */
export function sourceTruth({ blobs }: BlobService, onDamage: OnDamage): SourceTruth {
  const chunks = [...blobs.values()]
    .flatMap((blob) => chunkOf(blob, onDamage))
    .filter(({ frames, isCorrupt }) => frames.length > 0 || isCorrupt);
  chunks.sort(
    (one, other) => one.prefix - other.prefix || compareText(one.time, other.time) || compareText(one.name, other.name),
  );
  const order = chunks.map(({ name }) => name);
  const frames = new Set(chunks.flatMap(({ keys }) => keys));
  const records: SourceRecord[] = [];
  let blocker: SourceTruth['blocker'];
  const blocked = (kind: Blocker['kind'], chunk: string): void => {
    blocker ??= { kind, chunk, after: records.length };
  };
  for (const chunk of chunks) {
    if (chunk.blob.copyStatus === 'pending') blocked('copying', chunk.name);
    if (onDamage === 'stop' && chunk.prefix > records.length + 1) blocked('SourceGap', chunk.name);
    for (const frame of chunk.frames) records.push(recordOf(chunk, frame, records.length + 1));
    if (chunk.isCorrupt && onDamage === 'stop') blocked('SourceCorrupt', chunk.name);
  }
  return { records, order, frames, ...(blocker && { blocker }) };
}

/** Reads a chunk; each version of a chunk is read only once. */
function chunkOf(blob: Blob, onDamage: OnDamage): Chunk[] {
  const before = known.get(blob);
  if (before?.etag === blob.etag && before.onDamage === onDamage) return before.chunks;
  const chunks = readChunk(blob, onDamage);
  known.set(blob, { etag: blob.etag, onDamage, chunks });
  return chunks;
}

function readChunk(blob: Blob, onDamage: OnDamage): Chunk[] {
  const [, prefix, time] = tapeName.exec(blob.name) ?? [];
  if (prefix === undefined || time === undefined) return [];
  const { bytes } = blob;
  const variants: Variant[] = ['varint', 'int32'];
  const variant = variants.find((one) => firstFrame(bytes, 0, one)) ?? 'varint';
  const frames = framesOf(bytes, variant);
  let end = frames.at(-1)?.end ?? 0;
  let isCorrupt = false;
  if (contentEnd(bytes) > end) {
    for (let next = firstFrame(bytes, end, variant); next; next = firstFrame(bytes, end, variant)) {
      isCorrupt = true;
      if (onDamage !== 'salvage') break;
      for (let frame: FoundFrame | undefined = next; frame; frame = frameAt(bytes, end, variant)) {
        frames.push(frame);
        end = frame.end;
      }
    }
  }
  const keys = frames.map(({ start, sha1 }) => frameKey(blob.name, start, sha1));
  return [{ name: blob.name, prefix: Number(prefix), time, blob, variant, frames, isCorrupt, keys }];
}

/** The first valid frame at or after an offset. */
function firstFrame(bytes: Buffer, from: number, variant: Variant): FoundFrame | undefined {
  const last = contentEnd(bytes);
  for (let at = from; at < last; at++) {
    const frame = frameAt(bytes, at, variant);
    if (frame) return frame;
  }
  return undefined;
}

function recordOf({ name, blob, variant }: Chunk, frame: FoundFrame, position: number): SourceRecord {
  const bytes = Buffer.from(blob.bytes.subarray(frame.start, frame.end));
  const keyLength = bytes[8] ?? 0;
  const keyEnd = 9 + keyLength;
  let payloadStart = keyEnd + 4;
  if (variant === 'varint') for (payloadStart = keyEnd; (bytes[payloadStart++] ?? 0) >= 0x80;);
  const payloadEnd = bytes.length - 20;
  return {
    position,
    key: bytes.toString('utf8', 9, keyEnd),
    stamp: bytes.readBigInt64LE(0),
    payload: readPayload(bytes, payloadStart, payloadEnd),
    chunk: name,
    offset: frame.start,
    frameBytes: bytes.length,
    sha1: bytes.subarray(payloadEnd),
  };
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
