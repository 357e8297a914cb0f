import type { ReadPoint, SourceState } from '../../core/cursor.js';
import { digestWithout } from '../chunks/catalog.js';
import type { LeftChunk } from '../chunks/chunkState.js';
import type { Tapes } from '../tapes.js';

/** How many of the chunks left last stay watched. */
const watchedChunks = 8;

export type PassedOver = NonNullable<SourceState['passedOver']>;

/**
 * What a cursor in `chunk` remembers.
 *
 * @param before what the cursor remembered until now
 * @param left the chunks that were left since
 * @param found a frame that was found in `chunk`
 */
export function stateIn(
  tapes: Pick<Tapes, 'variant' | 'catalog' | 'watched'>,
  chunk: string,
  before: SourceState | undefined,
  left: readonly LeftChunk[],
  found?: SourceState['frames'],
): SourceState {
  const frames = tapes.variant.decidedBy(before) ?? found;
  const newcomers = tapes.watched.takeWithoutFrames();
  const passedOver = left.map(passedOverIn).reduce(sum, before?.passedOver);
  const { allowed, apart } = before ?? {};
  return {
    ...(frames && { frames }),
    namesBefore: { chunk, ...tapes.catalog.namesBefore(chunk) },
    left: watched(before?.left ?? [], [...newcomers, ...left], chunk),
    ...(passedOver && { passedOver }),
    ...(allowed && { allowed }),
    ...(apart && { apart }),
  };
}

/**
 * What a cursor at an earlier position remembers, when the target was restored to it. The stream has lost the chunks
 * that were accepted later and read out of their place, so they must be found again.
 */
export function stateAt(position: number, memory: SourceState): SourceState {
  const undone = memory.apart?.filter((one) => one.position > position) ?? [];
  return undone.reduce(withoutReadingApart, memory);
}

function withoutReadingApart(memory: SourceState, undone: NonNullable<SourceState['apart']>[number]): SourceState {
  const apart = memory.apart?.filter((one) => one !== undone) ?? [];
  const { namesBefore, left = [] } = memory;
  if (undone.offset > 0)
    return {
      ...memory,
      apart,
      left: [...left.filter(({ chunk }) => chunk !== undone.chunk), { ...pointOf(undone), etag: '' }],
    };
  return {
    ...memory,
    apart,
    ...(namesBefore && { namesBefore: { ...namesBefore, ...digestWithout(namesBefore, undone.chunk) } }),
  };
}

/** The same memory with one more chunk watched; what was not compared while it was read stays as it was. */
export function stateWithLeft(memory: SourceState, left: LeftChunk, current: string): SourceState {
  const passedOver = sum(memory.passedOver, passedOverIn(left));
  return { ...memory, left: watched(memory.left ?? [], [left], current), ...(passedOver && { passedOver }) };
}

export function passedOverMore(memory: SourceState, more: PassedOver): SourceState {
  return { ...memory, passedOver: sum(memory.passedOver, more) ?? more };
}

type Watched = NonNullable<SourceState['left']>[number];

function watched(before: readonly Watched[], left: readonly LeftChunk[], current: string): Watched[] {
  const again = new Set([current, ...left.map(({ chunk }) => chunk)]);
  const added = left.map(({ chunk, offset, sha1, etag }) => ({ chunk, offset, sha1, etag }));
  // guard: eight-chunks-left
  return [...before.filter(({ chunk }) => !again.has(chunk)), ...added].slice(-watchedChunks);
}

/** What reading did not take of a chunk that it left: a torn frame, or what a bad one hid. */
function passedOverIn({ end }: LeftChunk): PassedOver | undefined {
  if (end?.kind === 'torn') return { chunks: 1, bytes: end.rest?.strayBytes ?? 0 };
  if (end?.kind === 'corrupt') return { chunks: 1, bytes: end.chunkBytes - end.offset };
  return undefined;
}

function sum(one: PassedOver | undefined, other: PassedOver | undefined): PassedOver | undefined {
  if (!one || !other) return one ?? other;
  return { chunks: one.chunks + other.chunks, bytes: one.bytes + other.bytes };
}

export function pointOf({ chunk, offset, sha1 }: ReadPoint): ReadPoint {
  return { chunk, offset, sha1 };
}
