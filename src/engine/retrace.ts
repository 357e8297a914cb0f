import { Failure } from '../errors.js';
import {
  cursorBehind,
  type Cursor,
  type Mark,
  type ReadPoint,
  type SourceMemory,
  type SourceRecord,
} from '../record.js';
import type { Parts } from './parts.js';
import { ownMark } from './tailMark.js';

type Watched = NonNullable<SourceMemory['left']>[number];

/** Our last event in the target stream. */
interface Tail {
  readonly mark: Mark;
  readonly revision: number;
}

/**
 * The cursor behind the record that the tail names, with all that the source has to remember there. What was appended
 * after the row was saved last is read once more, from the row's cursor on: only so are the chunks known that were
 * left on the way, and only so is it noticed that something got among them since, because the tail's position must
 * come out. A frame that did is not in the stream: its chunk is remembered as left before it, so that the reading that
 * follows finds what it would have found without the interruption.
 *
 * @param from the row's cursor, at or before the tail's record
 * @throws Failure of a Source* kind
 */
export async function retrace(from: Cursor, tail: Tail, parts: Parts, signal: AbortSignal): Promise<Cursor> {
  const { mark } = tail;
  for await (const record of recordsFrom(from, parts, signal)) {
    if (!isAt(record, mark)) continue;
    return record.position === mark.position ? cursorBehind(record) : withIntruders(from, tail, parts, signal);
  }
  throw new Failure(
    'SourceUnreachable',
    `The container's listing does not lead to chunk ${mark.chunk} now, which was read before.`,
    { chunk: mark.chunk, position: mark.position },
  );
}

async function withIntruders(from: Cursor, tail: Tail, parts: Parts, signal: AbortSignal): Promise<Cursor> {
  const { mark } = tail;
  const replicated = await replicatedSince(from, tail, parts, signal);
  const intruders = new Map<string, Watched>();
  let unknown: (readonly [record: SourceRecord, before: ReadPoint])[] = [];
  let before: ReadPoint = from;
  let shift = 0;
  for await (const record of recordsFrom(from, parts, signal)) {
    const position = replicated.get(placeOf(record));
    if (position === undefined) {
      unknown.push([record, before.chunk === record.chunk ? before : startOf(record.chunk)]);
    } else {
      const added = record.position - position - shift;
      if (added < 0) break;
      shift += added;
      const left = unknown.filter(([{ chunk }]) => chunk !== record.chunk);
      for (const point of intrudersAmong(left, added, parts)) {
        if (!intruders.has(point.chunk)) intruders.set(point.chunk, { ...point, etag: '' });
      }
      unknown = [];
    }
    const cursor = cursorBehind(record);
    before = cursor;
    if (!isAt(record, mark)) continue;
    const left = (cursor.memory?.left ?? []).filter(({ chunk }) => !intruders.has(chunk));
    return {
      ...cursor,
      position: mark.position + 1,
      memory: { ...cursor.memory, left: [...left, ...intruders.values()] },
    };
  }
  throw new Failure(
    'SourceReplaced',
    `Records that were replicated before position ${mark.position} are not in the container any more.`,
    { position: mark.position, chunk: mark.chunk, fromChunk: from.chunk, fromOffset: from.offset },
  );
}

/** Which of the records are too many; of those that make no event the last, because frames are added at the end. */
function intrudersAmong(
  unknown: readonly (readonly [record: SourceRecord, before: ReadPoint])[],
  count: number,
  { convert }: Parts,
): ReadPoint[] {
  const isSilent = unknown.map(([record]) => convert(record).length === 0);
  let silent = Math.max(0, count - isSilent.filter((is) => !is).length);
  const points: ReadPoint[] = [];
  for (let index = unknown.length - 1; index >= 0; index--) {
    if (isSilent[index] && silent-- <= 0) continue;
    const point = unknown[index]?.[1];
    if (point) points.unshift({ chunk: point.chunk, offset: point.offset, sha1: point.sha1 });
  }
  return points;
}

/** Place and position of every record behind the cursor that the stream holds. */
async function replicatedSince(
  from: Cursor,
  tail: Tail,
  parts: Parts,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const replicated = new Map<string, number>();
  const backwards = parts.target.read(parts.stream, { revision: tail.revision, direction: 'backwards' }, signal);
  for await (const event of backwards) {
    const mark = ownMark(event, parts.sourceId);
    if (!mark) continue;
    if (mark.position < from.position) break;
    replicated.set(placeOf(mark), mark.position);
  }
  return replicated;
}

async function* recordsFrom(from: Cursor, { source }: Parts, signal: AbortSignal): AsyncGenerator<SourceRecord> {
  for await (const { records } of source.read(from, signal)) yield* records;
}

function isAt(record: SourceRecord, mark: Mark): boolean {
  return record.chunk === mark.chunk && record.offset === mark.offset;
}

function placeOf({ chunk, offset }: Pick<Mark, 'chunk' | 'offset'>): string {
  return `${chunk}@${offset}`;
}

function startOf(chunk: string): ReadPoint {
  return { chunk, offset: 0, sha1: '' };
}
