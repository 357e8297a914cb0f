import { Failure } from '../../core/failure.js';
import type { Cursor, ReadPoint, SourceState } from '../../core/cursor.js';
import { digestWith } from '../chunks/catalog.js';
import { missingBefore } from '../failures.js';
import { pointOf } from './sourceState.js';
import type { Tapes } from '../tapes.js';

/**
 * The cursor that carries out a person's decision about a chunk; see `Source.accept`. Only what would be a finding now
 * can be accepted: a chunk that was read already would be replicated twice.
 *
 * @throws Failure `NotApplicable` when nothing was found wrong with the chunk, `SourceMixed` for one of the other variant
 */
export async function accept(tapes: Tapes, chunk: string, cursor: Cursor, signal: AbortSignal): Promise<Cursor> {
  if (cursor.returnTo) {
    throw notApplicable(`Chunk ${cursor.chunk} was accepted and is not read to its end yet; run first.`, chunk);
  }
  const { catalog, watched, probe, variant } = tapes;
  const { memory } = cursor;
  await catalog.listAll(signal);
  await variant.look(memory, signal);
  await variant.check(cursor, signal);
  const listed = catalog.get(chunk);
  if (!listed) throw notApplicable(`There is no chunk named ${chunk}.`, chunk);

  const found = await probe.variantOf(listed, signal);
  if (found) variant.refuseOther(chunk, found, memory);

  const left = memory?.left?.find((one) => one.chunk === chunk);
  if (left && (await watched.wentOn(left, memory, signal))) return apart(pointOf(left), cursor, memory);
  const added = await watched.newChunks(cursor, signal);
  // guard: accept-only-what-is-new
  if (added.chunks.some(({ name }) => name === chunk)) {
    // guard: accept-only-what-is-certain
    if (!added.certain)
      throw notApplicable(`It is not certain that ${chunk} is new: restore what was deleted first.`, chunk);
    return apart({ chunk, offset: 0, sha1: '' }, cursor, withName(memory, chunk));
  }
  const isAhead = cursor.chunk === '' || catalog.indexOf(chunk) > catalog.indexOf(cursor.chunk);
  if (!isAhead || missingBefore(chunk, cursor.position) <= 0)
    throw notApplicable(`Nothing is wrong with chunk ${chunk}: it was read, or will be in its place.`, chunk);
  return { ...cursor, memory: { ...memory, allowed: [...(memory?.allowed ?? []), { kind: 'gap', chunk }] } };
}

/** The cursor that reads on at the point, out of its place, and then goes on where the main reading stands. */
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

/** Remembers this name only: another new one is found when the main reading goes on. */
function withName(memory: SourceState | undefined, name: string): SourceState {
  const { namesBefore } = memory ?? {};
  return { ...memory, ...(namesBefore && { namesBefore: { ...namesBefore, ...digestWith(namesBefore, [{ name }]) } }) };
}

function notApplicable(message: string, chunk: string): Failure {
  return new Failure('NotApplicable', message, { chunk });
}
