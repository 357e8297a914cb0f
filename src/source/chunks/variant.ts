import type { Cursor, SourceState } from '../../core/cursor.js';
import { Failure } from '../../core/failure.js';
import { otherVariant, type FrameVariant } from '../lokad/frame.js';
import type { ChunkCatalog } from './catalog.js';
import type { ChunkProbe } from './probe.js';

/** The variant of the source's frames, and the chunk whose first frame shows it. */
type Frames = NonNullable<SourceState['frames']>;

/**
 * All frames of a source have one variant: that of the first frame in reading order. A cursor keeps it in the source
 * state from the first record on. Only a cursor without it makes the first chunk be looked into.
 */
export class SourceVariant {
  private first: Frames | undefined;

  constructor(
    private readonly catalog: ChunkCatalog,
    private readonly probe: ChunkProbe,
  ) {}

  /** Looks, after a listing, which chunk is the first with a frame, unless the cursor remembers it. */
  async look(state: SourceState | undefined, signal: AbortSignal): Promise<void> {
    if (!state?.frames) this.first = await this.probe.firstWithFrame(this.catalog.ordered, signal);
  }

  /** What decides for a cursor; undefined while no chunk has shown a frame. */
  decidedBy(state: SourceState | undefined): Frames | undefined {
    return state?.frames ?? this.first;
  }

  /** The variant that the frames must have. */
  expected(state: SourceState | undefined): FrameVariant {
    return this.decidedBy(state)?.variant ?? 'varint';
  }

  /**
   * Compares a cursor that remembers no variant with what the first chunk shows: the stream may hold records of the
   * other variant. So may rows that were written when one container could hold both.
   *
   * @throws Failure `SourceMixed`
   */
  async check({ chunk, returnTo, memory }: Cursor, signal: AbortSignal): Promise<void> {
    const { frames, eras } = memory ?? {};
    if (frames) return;
    for (const name of [returnTo?.chunk ?? chunk, eras?.int32Until, eras?.varintFrom]) {
      const listed = name === undefined ? undefined : this.catalog.get(name);
      const variant = listed && (await this.probe.variantOf(listed, signal));
      // guard: variant-of-what-was-replicated
      if (listed && variant) this.refuseOther(listed.name, variant, memory);
    }
  }

  /** A frame of this variant stands in the chunk. @throws Failure `SourceMixed` when the source's frames have the other */
  refuseOther(chunk: string, variant: FrameVariant, state: SourceState | undefined): void {
    const decided = this.decidedBy(state);
    // guard: one-variant-a-source
    if (decided && decided.variant !== variant) throw mixed(chunk, variant, decided);
  }

  /**
   * A frame of the variant that was not expected stands in the chunk. Where nothing was read yet and no chunk before
   * this one holds a frame, this one decides.
   *
   * @throws Failure `SourceMixed`
   */
  foundOther(chunk: string, variant: FrameVariant, { chunk: readChunk, memory }: Cursor): void {
    const { catalog } = this;
    const decided = this.decidedBy(memory);
    const isFirst = !decided || catalog.indexOf(chunk) < catalog.indexOf(decided.chunk);
    if (readChunk === '' && isFirst) this.first = { variant, chunk };
    else throw mixed(chunk, variant, decided ?? { variant: otherVariant(variant), chunk: readChunk });
  }
}

function mixed(chunk: string, variant: FrameVariant, first: Frames): Failure {
  const message =
    chunk === first.chunk
      ? `Chunk ${chunk} holds both ${first.variant} and ${variant} frames.`
      : `Chunk ${chunk} holds ${variant} frames, but chunk ${first.chunk} holds ${first.variant} frames.`;
  return new Failure('SourceMixed', `${message} A container may hold only one of the two.`, {
    chunk,
    variant,
    firstChunk: first.chunk,
    firstVariant: first.variant,
  });
}
