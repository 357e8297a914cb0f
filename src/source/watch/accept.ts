import { Failure } from '../../core/failure.js';
import type { Cursor, ReadPoint, SourceState } from '../../core/cursor.js';
import { otherEra, variantOf } from '../chunks/allowance.js';
import { digestWith, type ListedChunk } from '../chunks/catalog.js';
import { parseChunkName } from '../chunks/name.js';
import { pointOf } from './sourceState.js';
import type { FrameVariant } from '../lokad/frame.js';
import type { Tapes } from '../tapes.js';

/**
 * The cursor that carries out a person's decision about a chunk; see `Source.accept`. Only what would be a finding now
 * can be accepted: a chunk that was read already would be replicated twice.
 *
 * @throws Failure `NotApplicable` when nothing was found wrong with the chunk
 */
export async function accept(tapes: Tapes, chunk: string, cursor: Cursor, signal: AbortSignal): Promise<Cursor> {
  if (cursor.returnTo) {
    throw notApplicable(`Chunk ${cursor.chunk} was accepted and is not read to its end yet; run first.`, chunk);
  }
  const { catalog, eras, behind } = tapes;
  if (catalog.listing === 0 && cursor.memory?.eras) eras.recall(cursor.memory.eras);
  await catalog.listAll(signal);
  const listed = catalog.get(chunk);
  if (!listed) throw notApplicable(`There is no chunk named ${chunk}.`, chunk);

  const { memory } = cursor;
  // guard: variant-of-an-accepted-chunk
  const ofVariant = (variant: FrameVariant | undefined): SourceState | undefined =>
    variant && variant !== variantOf(tapes, chunk, memory) ? withAllowance(memory, otherEra(chunk)) : memory;

  const left = memory?.left?.find((one) => one.chunk === chunk);
  const wentOn = left && (await behind.wentOn(left, memory, signal));
  if (wentOn) return apart(pointOf(left), cursor, ofVariant(wentOn));
  const added = await behind.newChunks(cursor, signal);
  // guard: accept-only-what-is-new
  if (added.chunks.some(({ name }) => name === chunk)) {
    // guard: accept-only-what-is-certain
    if (!added.certain)
      throw notApplicable(`It is not certain that ${chunk} is new: restore what was deleted first.`, chunk);
    const frames = await tapes.probe(listed, signal);
    return apart({ chunk, offset: 0, sha1: '' }, cursor, withName(ofVariant(frames), chunk));
  }
  const allowance = await allowanceFor(tapes, listed, cursor, signal);
  if (!allowance)
    throw notApplicable(`Nothing is wrong with chunk ${chunk}: it was read, or will be in its place.`, chunk);
  return { ...cursor, memory: withAllowance(memory, allowance) };
}

/** Reads on at the point, out of its place, and then goes on where the main reading stands. */
function apart(point: ReadPoint, cursor: Cursor, memory: SourceState = {}): Cursor {
  const left = (memory.left ?? []).filter(({ chunk }) => chunk !== point.chunk);
  const accepted = [...(memory.apart ?? []), { ...point, position: cursor.position }];
  return {
    ...point,
    position: cursor.position,
    returnTo: pointOf(cursor),
    memory: { ...memory, left, apart: accepted },
  };
}

/** Only this name is accepted: if there is another new one, it is found when the main reading goes on. */
function withName(memory: SourceState | undefined, name: string): SourceState {
  const { namesBefore } = memory ?? {};
  return { ...memory, ...(namesBefore && { namesBefore: { ...namesBefore, ...digestWith(namesBefore, [{ name }]) } }) };
}

/** What must be allowed for a chunk ahead of the cursor to be read in its place. */
async function allowanceFor(
  tapes: Tapes,
  chunk: ListedChunk,
  cursor: Cursor,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { catalog, eras, probe } = tapes;
  const isAhead = cursor.chunk === '' || catalog.indexOf(chunk.name) > catalog.indexOf(cursor.chunk);
  if (!isAhead) return undefined;
  const variant = await probe(chunk, signal);
  if (variant && variant !== eras.variantOf(chunk)) return otherEra(chunk.name);
  return (parseChunkName(chunk.name)?.prefix ?? 0) > cursor.position ? chunk.name : undefined;
}

function withAllowance(memory: SourceState | undefined, allowance: string): SourceState {
  return { ...memory, allowed: [...(memory?.allowed ?? []), allowance] };
}

function notApplicable(message: string, chunk: string): Failure {
  return new Failure('NotApplicable', message, { chunk });
}
