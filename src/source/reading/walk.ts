import type { BlobReader } from './blobReader.js';
import { isZero, parseFrame, ParsedFrame, type FrameVariant } from '../lokad/frame.js';
import { examineRest, type Rest } from '../lokad/endOfChunk.js';

/** A valid frame in a buffer that is not used again. */
export interface WalkedFrame {
  readonly bytes: Buffer;
  /** Offset in the chunk of the first byte of the buffer. */
  readonly bytesAt: number;
  /** Offset in the buffer of the frame. */
  readonly start: number;
  readonly frame: ParsedFrame;
}

/** Something that is no frame and not only zeros. */
export interface Damage {
  readonly offset: number;
  readonly rest: Rest;
}

export type WalkItem = { readonly kind: 'frame'; readonly found: WalkedFrame } | ({ readonly kind: 'damage' } & Damage);

const rangeBytes = 4 * 1024 * 1024;
/** How often a chunk is looked at again that changes while it is looked at. */
const attempts = 3;

/**
 * Every valid frame of a chunk from an offset on, also those after bad ones, and the damage between them, as it is
 * when the walk gets there. Nothing is remembered and nothing stops it.
 */
export async function* walkFrames(
  reader: BlobReader,
  chunk: string,
  variant: FrameVariant,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<WalkItem> {
  const frame = new ParsedFrame();
  let offset = from;
  let count = rangeBytes;
  for (let undecided = 0; undecided < attempts;) {
    const answer = await reader.read({ chunk, start: offset, count }, signal);
    if (answer.kind !== 'bytes') return;
    const { bytes, start: bytesAt, chunkBytes } = answer.read;
    let at = 0;
    let state = parseFrame(bytes, at, variant, frame);
    for (; state === 'valid'; state = parseFrame(bytes, at, variant, frame)) {
      const end = frame.end;
      yield { kind: 'frame', found: { bytes, bytesAt, start: at, frame } };
      at = end;
    }
    offset = bytesAt + at;
    const atEnd = bytesAt + bytes.length >= chunkBytes;
    if (state === 'incomplete' && !atEnd && bytesAt + frame.end <= chunkBytes) {
      count = Math.max(rangeBytes, frame.end - at);
      continue;
    }
    if (atEnd && isZero(bytes, at, bytes.length)) return;
    const rest = await examineRest(reader, { chunk, offset, variant, behindTooLarge: true }, signal);
    if (rest?.kind === 'clean') return;
    if (!rest) undecided++;
    else yield { kind: 'damage', offset, rest };
    if (rest?.nextFrameAt !== undefined) offset = rest.nextFrameAt;
    else if (rest) return;
  }
}
