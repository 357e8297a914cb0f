import type { ReadPoint } from '../../core/cursor.js';
import type { SourceRecord } from '../../core/record.js';
import type { ListedChunk } from '../chunks/catalog.js';
import { holdsFrame } from '../lokad/endOfChunk.js';
import { otherVariant, type FrameVariant } from '../lokad/frame.js';
import { walkFrames } from '../reading/walk.js';
import { toRecord } from '../lokad/record.js';
import { Tapes, type TapeOptions } from '../tapes.js';

/** Where a frame starts. */
export type FramePoint = Pick<ReadPoint, 'chunk' | 'offset'>;

/** The history of a container of tapes. Contacts nothing until it is used. */
export function tapeHistory(options: TapeOptions): History {
  return new History(new Tapes(options));
}

/**
 * A source read once more from what it holds now, whatever was found, accepted or passed over when it was replicated:
 * for verification. Shares no state with the reading that replicates.
 */
export class History {
  constructor(private readonly tapes: Tapes) {}

  /**
   * Every record from a place on, in reading order, counted on from the position given. Damage is
   * passed over as `ON_DAMAGE` says. The chunks are those of the listing that is made when it starts.
   *
   * @throws Failure `SourceUnreachable` or `SourceMixed`
   */
  async *records(
    from: (FramePoint & { readonly position: number }) | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<SourceRecord> {
    const { catalog, variant } = this.tapes;
    await catalog.listAll(signal);
    await variant.look(undefined, signal);
    let { position } = from ?? { position: 1 };
    const first = from ? catalog.indexOf(from.chunk) : 0;
    for (const chunk of catalog.ordered.slice(first)) {
      const offset = chunk.name === from?.chunk ? from.offset : 0;
      for await (const record of this.chunk(chunk, offset, position, signal)) {
        yield record;
        position = record.position + 1;
      }
    }
  }

  /** Reading order of two places, also of chunks that are not there; after `records` has begun. */
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
    const variant = this.tapes.variant.expected(undefined);
    let next = position;
    for await (const item of walkFrames(reader, chunk.name, variant, offset, signal)) {
      if (item.kind === 'frame') {
        const { bytes, bytesAt, start, frame } = item.found;
        const place = { chunk: chunk.name, bufferAt: bytesAt, position: next++, returnTo: undefined };
        yield toRecord(bytes, start, frame, place);
        continue;
      }
      const { rest, offset: at } = item;
      if (rest.nextFrameAt === undefined) await this.refuseOther(chunk.name, at, otherVariant(variant), signal);
      if (options.onDamage !== 'salvage') break;
    }
  }

  private async refuseOther(chunk: string, offset: number, variant: FrameVariant, signal: AbortSignal): Promise<void> {
    const isOther = await holdsFrame(this.tapes.reader, { chunk, offset, variant }, signal);
    if (isOther) this.tapes.variant.refuseOther(chunk, variant, undefined);
  }
}
