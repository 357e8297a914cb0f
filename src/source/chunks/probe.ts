import type { BlobReader, ChunkBytes } from '../reading/blobReader.js';
import type { Chunk } from './listing.js';
import { isZero, parseFrame, ParsedFrame, variants, type FrameVariant } from '../lokad/frame.js';
import { holdsFrame } from '../lokad/endOfChunk.js';

/** A whole tape of the usual size. */
const probeBytes = 512 * 1024;

/**
 * Finds out which variant a chunk's frames have. A verified SHA-1 decides, of the first frame or, where that is
 * damaged, of one after it. A chunk that has shown a frame is never read again; any other is when it has changed.
 */
export class ChunkProbe {
  private readonly known = new Map<string, FrameVariant>();
  private readonly without = new Map<string, string>();

  constructor(private readonly reader: BlobReader) {}

  /** Takes note of what a verified frame has shown. */
  learn(chunk: string, variant: FrameVariant): void {
    this.known.set(chunk, variant);
  }

  /** @returns undefined for a chunk that holds no frame @throws Failure `SourceUnreachable` */
  async variantOf(chunk: Chunk, signal: AbortSignal): Promise<FrameVariant | undefined> {
    const { name, etag } = chunk;
    const variant = this.known.get(name);
    if (variant || chunk.bytes === 0 || chunk.openCopy || this.without.get(name) === etag) return variant;
    const answer = await this.reader.read({ chunk: name, start: 0, count: probeBytes }, signal);
    if (answer.kind !== 'bytes') return undefined;
    const found = await variantIn(this.reader, answer.read, signal);
    if (found) this.known.set(name, found);
    else this.without.set(name, answer.read.etag);
    return found;
  }

  /** The first of the chunks that holds a frame, with the variant of its frames. @throws Failure `SourceUnreachable` */
  async firstWithFrame(
    chunks: Iterable<Chunk>,
    signal: AbortSignal,
  ): Promise<{ readonly variant: FrameVariant; readonly chunk: string } | undefined> {
    for (const chunk of chunks) {
      const variant = await this.variantOf(chunk, signal);
      if (variant) return { variant, chunk: chunk.name };
    }
    return undefined;
  }
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
