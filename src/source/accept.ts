import { Failure } from '../errors.js';
import type { Cursor, SourceMemory } from '../record.js';
import type { ListedChunk } from './chunkCatalog.js';
import { parseChunkName } from './chunkName.js';
import { memoryIn, pointOf } from './memory.js';
import { otherEra } from './place.js';
import type { Tapes } from './tapes.js';

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

  const left = cursor.memory?.left?.find((one) => one.chunk === chunk);
  if (left && (await behind.wentOn(left, cursor.memory, signal))) return apart(tapes, pointOf(left), cursor);
  const added = await behind.newChunks(cursor, signal);
  if (added.some(({ name }) => name === chunk)) return apart(tapes, { chunk, offset: 0, sha1: '' }, cursor);
  const allowance = await allowanceFor(tapes, listed, cursor, signal);
  if (!allowance)
    throw notApplicable(`Nothing is wrong with chunk ${chunk}: it was read, or will be in its place.`, chunk);
  return { ...cursor, memory: withAllowance(cursor.memory, allowance) };
}

/** Reads on at the point, out of its place, and then goes on where the main reading stands. */
function apart(tapes: Tapes, point: ReturnType<typeof pointOf>, cursor: Cursor): Cursor {
  const remembered = memoryIn(tapes, cursor.chunk, cursor.memory, []);
  const left = (remembered.left ?? []).filter(({ chunk }) => chunk !== point.chunk);
  return { ...point, position: cursor.position, returnTo: pointOf(cursor), memory: { ...remembered, left } };
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

function withAllowance(memory: SourceMemory | undefined, allowance: string): SourceMemory {
  return { ...memory, allowed: [...(memory?.allowed ?? []), allowance] };
}

function notApplicable(message: string, chunk: string): Failure {
  return new Failure('NotApplicable', message, { chunk });
}
