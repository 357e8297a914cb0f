import type { ListedChunk } from '../chunks/catalog.js';
import { compareTime } from '../chunks/name.js';
import type { FrameVariant } from '../lokad/frame.js';
import { walkFrames } from '../reading/walk.js';
import { unreachable, untilSilence } from '../../storage/call.js';
import { Tapes, type TapeOptions } from '../tapes.js';
import type { FramePoint } from './history.js';

/** What the container holds. */
export interface SourceContents {
  readonly chunks: number;
  readonly bytes: number;
  readonly backups: number;
  /** Names that are neither a chunk nor a `.bak` copy of one. */
  readonly ignoredNames: number;
  /** Chunks made by a copy that has not succeeded: reading does not go beyond them. */
  readonly openCopies: readonly string[];
  /** Each variant that frames were found to have, with the first chunk of it; none when no chunk holds a frame. */
  readonly variants: ReadonlyMap<FrameVariant, string>;
}

/** A frame at one end of the source: valid, or what stands there in its place. */
export type FrameLook =
  | ({ readonly kind: 'valid' } & FramePoint)
  | ({ readonly kind: 'torn' | 'corrupt'; readonly reason: string } & FramePoint);

/** A look at the source before anything is replicated. Only ever reads. */
export interface SourceCheck {
  /** One call. @returns the storage's own time, in milliseconds since 1970 @throws Failure `SourceUnreachable` */
  reach(signal: AbortSignal): Promise<number | undefined>;
  /** @throws Failure `SourceUnreachable` */
  contents(signal: AbortSignal): Promise<SourceContents>;
  /** The first frame, verified by its SHA-1; undefined when there is none. @throws Failure `SourceUnreachable` */
  firstFrame(signal: AbortSignal): Promise<FrameLook | undefined>;
  /** What the source ends with; undefined when there is no frame. @throws Failure `SourceUnreachable` */
  lastFrame(signal: AbortSignal): Promise<FrameLook | undefined>;
}

/** The most chunks that are looked into for a frame. */
const maxEmptyChunks = 8;

/** Examines a container of tapes. Contacts nothing before the first call. */
export function checkTapes(options: TapeOptions): SourceCheck {
  const tapes = new Tapes(options);
  const listed = once((signal) => tapes.catalog.listAll(signal));
  return {
    reach: (signal) => reach(options, signal),
    contents: async (signal) => {
      const { backups, ignored } = await listed(signal);
      const chunks = tapes.catalog.ordered;
      return {
        chunks: chunks.length,
        bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0),
        backups: backups.length,
        ignoredNames: ignored,
        openCopies: chunks.filter(({ openCopy }) => openCopy !== undefined).map(({ name }) => name),
        variants: await variantsOf(tapes, chunks, signal),
      };
    },
    firstFrame: async (signal) => {
      await listed(signal);
      return endOf(tapes, tapes.catalog.ordered, 'first', signal);
    },
    lastFrame: async (signal) => {
      await listed(signal);
      return endOf(tapes, tapes.catalog.ordered.toReversed(), 'last', signal);
    },
  };
}

/** Asks once; a question that failed is asked again. */
function once<T>(ask: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let answer: T | undefined;
  return async (signal) => (answer ??= await ask(signal));
}

async function reach({ container }: TapeOptions, signal: AbortSignal): Promise<number | undefined> {
  try {
    return await untilSilence(signal, async (abortSignal) => {
      for await (const { date } of container.listBlobsFlat({ abortSignal }).byPage({ maxPageSize: 1 })) {
        return date?.getTime();
      }
      return undefined;
    });
  } catch (thrown) {
    signal.throwIfAborted();
    throw unreachable(thrown, container);
  }
}

/** Chunks of both variants may interleave by name, so the newest by time are looked into as well. */
async function variantsOf(tapes: Tapes, chunks: readonly ListedChunk[], signal: AbortSignal) {
  const newestFirst = chunks.toSorted((one, other) => compareTime(other, one));
  const variants = new Map<FrameVariant, string>();
  for (const order of [chunks, chunks.toReversed(), newestFirst]) {
    const found = await tapes.probe.firstWithFrame(order.slice(0, maxEmptyChunks), signal);
    if (found && !variants.has(found.variant)) variants.set(found.variant, found.chunk);
  }
  return variants;
}

/** What stands at the end of the source from which these chunks come. */
async function endOf(
  tapes: Tapes,
  chunks: readonly ListedChunk[],
  end: 'first' | 'last',
  signal: AbortSignal,
): Promise<FrameLook | undefined> {
  for (const chunk of chunks.slice(0, maxEmptyChunks)) {
    const own = await tapes.probe.variantOf(chunk, signal);
    const variant = own ?? (await tapes.probe.firstWithFrame(chunks.slice(0, maxEmptyChunks), signal))?.variant;
    if (variant === undefined) return undefined;
    let last: FrameLook | undefined;
    for await (const look of looksInto(tapes, chunk.name, variant, signal)) {
      if (end === 'first') return look;
      // A corrupt place is told rather than what comes after it.
      if (last?.kind !== 'corrupt') last = look;
    }
    if (last) return last;
  }
  return undefined;
}

async function* looksInto(
  tapes: Tapes,
  chunk: string,
  variant: FrameVariant,
  signal: AbortSignal,
): AsyncGenerator<FrameLook> {
  for await (const item of walkFrames(tapes.reader, chunk, variant, 0, signal)) {
    if (item.kind === 'damage') {
      const { offset, rest } = item;
      yield { kind: rest.kind === 'corrupt' ? 'corrupt' : 'torn', chunk, offset, reason: rest.reason };
    } else {
      const { bytesAt, start } = item.found;
      yield { kind: 'valid', chunk, offset: bytesAt + start };
    }
  }
}
