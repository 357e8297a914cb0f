import type { BlobReader, ChunkBytes } from '../reading/blobReader.js';
import type { Chunk } from './listing.js';
import type { Probe } from './order.js';
import { isZero, parseFrame, ParsedFrame, type FrameVariant } from '../lokad/frame.js';
import { holdsFrame } from '../lokad/endOfChunk.js';

/** A whole tape, in one call. */
const probeBytes = 512 * 1024;
const variants: readonly FrameVariant[] = ['varint', 'int32'];

/**
 * Finds out which variant a chunk's frames have. A verified SHA-1 decides, of the first frame or, where that is
 * damaged, of one behind it. A chunk is asked again only when it has changed, or never once it has shown a frame.
 */
export function chunkProbe(reader: BlobReader): Probe {
  const known = new Map<string, FrameVariant>();
  const without = new Map<string, string>();
  return async (chunk, signal) => {
    const variant = known.get(chunk.name);
    if (variant || chunk.bytes === 0 || chunk.openCopy || without.get(chunk.name) === chunk.etag) return variant;
    const answer = await reader.read({ chunk: chunk.name, start: 0, count: probeBytes }, signal);
    if (answer.kind !== 'bytes') return undefined;
    const found = await variantIn(reader, answer.read, signal);
    if (found) known.set(chunk.name, found);
    else without.set(chunk.name, answer.read.etag);
    return found;
  };
}

async function variantIn(reader: BlobReader, read: ChunkBytes, signal: AbortSignal): Promise<FrameVariant | undefined> {
  const { chunk, bytes, chunkBytes } = read;
  const first = variants.find((variant) => parseFrame(bytes, 0, variant, new ParsedFrame()) === 'valid');
  if (first) return first;
  if (bytes.length >= chunkBytes && isZero(bytes, 0, bytes.length)) return undefined;
  for (const variant of variants) {
    if (await holdsFrame(reader, { chunk, offset: 0, variant }, signal)) return variant;
  }
  return undefined;
}

/** True when a chunk holds a frame, whole and valid. */
export async function anyHoldsFrame(chunks: Iterable<Chunk>, probe: Probe, signal: AbortSignal): Promise<boolean> {
  for (const chunk of chunks) if (await probe(chunk, signal)) return true;
  return false;
}
