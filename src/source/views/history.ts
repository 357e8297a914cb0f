import type { SourceRecord } from '../../core/record.js';
import type { ListedChunk } from '../chunks/catalog.js';
import type { FrameVariant } from '../lokad/frame.js';
import { walkFrames } from '../reading/walk.js';
import { toRecord } from '../lokad/record.js';
import { Tapes, type TapeOptions } from '../tapes.js';

/** Where a frame starts. */
export interface FramePoint {
  readonly chunk: string;
  readonly offset: number;
}

/**
 * A source read once more from what it holds now, whatever was found, accepted or passed over when it was replicated:
 * for verification. Shares no state with the reading that replicates.
 */
export interface History {
  /**
   * Every record from a place on, in reading order, counted on from the position given; nothing stops it. Damage is
   * passed over as `ON_DAMAGE` says. The chunks are those of the listing that is made when it starts.
   *
   * @throws Failure `SourceUnreachable`
   */
  records(
    from: (FramePoint & { readonly position: number }) | undefined,
    signal: AbortSignal,
  ): AsyncIterable<SourceRecord>;

  /** Reading order of two places, also of chunks that are not there; after `records` has begun. */
  compare(one: FramePoint, other: FramePoint): number;
}

/** The history of a container of tapes. Contacts nothing until it is used. */
export function tapeHistory(options: TapeOptions): History {
  return new TapeHistory(new Tapes(options));
}

class TapeHistory implements History {
  constructor(private readonly tapes: Tapes) {}

  async *records(
    from: (FramePoint & { readonly position: number }) | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<SourceRecord> {
    const { catalog } = this.tapes;
    await catalog.listAll(signal);
    let { position } = from ?? { position: 1 };
    const first = from ? catalog.indexOf(from.chunk) : 0;
    for (const chunk of catalog.inReadingOrder().slice(first)) {
      const offset = chunk.name === from?.chunk ? from.offset : 0;
      for await (const record of this.chunk(chunk, offset, position, signal)) {
        yield record;
        position = record.position + 1;
      }
    }
  }

  compare(one: FramePoint, other: FramePoint): number {
    if (one.chunk === other.chunk) return one.offset - other.offset;
    const { catalog } = this.tapes;
    const places = catalog.indexOf(one.chunk) - catalog.indexOf(other.chunk);
    // A chunk that is gone has the place of the one that follows it now.
    return places || (catalog.get(one.chunk) ? 1 : -1);
  }

  private async *chunk(
    chunk: ListedChunk,
    offset: number,
    position: number,
    signal: AbortSignal,
  ): AsyncGenerator<SourceRecord> {
    if (chunk.bytes <= offset) return;
    const { reader, options } = this.tapes;
    let variant = this.tapes.eras.variantOf(chunk);
    for (let next = position; ;) {
      let again = false;
      for await (const item of walkFrames(reader, chunk.name, variant, offset, signal)) {
        if (item.kind === 'frame') {
          const { bytes, bytesAt, start, frame } = item.found;
          const place = { chunk: chunk.name, bufferAt: bytesAt, position: next++, returnTo: undefined };
          yield toRecord(bytes, start, frame, place);
          continue;
        }
        const other = next === position ? await this.otherVariant(chunk, variant, signal) : undefined;
        if (other) [variant, again] = [other, true];
        if (other || options.onDamage !== 'salvage') break;
      }
      if (!again) return;
    }
  }

  /** A chunk of the other era may have been accepted in its place: its frames say what it is. */
  private async otherVariant(
    chunk: ListedChunk,
    variant: FrameVariant,
    signal: AbortSignal,
  ): Promise<FrameVariant | undefined> {
    const found = await this.tapes.probe(chunk, signal);
    return found === variant ? undefined : found;
  }
}
