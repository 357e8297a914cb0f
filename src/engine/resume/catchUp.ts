import { Failure } from '../../core/failure.js';
import type { Cursor, ReadPoint, SourceState } from '../../core/cursor.js';
import { isSameRecord, type Mark } from '../../core/mark.js';
import { cursorAfter, type SourceRecord } from '../../core/record.js';
import type { Confirmed, Parts } from '../parts.js';
import { type Known, marksAfter, type StreamMark } from './ownership.js';

/**
 * The cursor behind the record that the tail names, with all that the source has to remember there. What was appended
 * after the row was saved last is read once more, at the source and in the stream:
 * - only so are the chunks known that were left on the way;
 * - something may have got among the records since. Then the positions do not come out: it is not in the stream, and
 *   its chunk is remembered as left before it, so that the reading that follows finds what it would have found without
 *   the interruption;
 * - appends were in flight behind one that failed. They fail too, unless somebody else's append left the stream at
 *   just the revision that they expect: then there is a hole in the stream.
 *
 * @returns undefined when a chunk was read out of its place since the row was saved: reading on from there does not lead
 *   to it, and what was accepted for it is not known either
 * @throws Failure `TargetConflict`, or of a Source* kind
 */
export async function catchUp(
  known: Known,
  tail: Confirmed,
  parts: Parts,
  signal: AbortSignal,
): Promise<Cursor | undefined> {
  const { chunk, position } = tail.mark;
  const listed = `The listing of the container does not lead to chunk ${chunk} any more.`;
  const { memory } = known.cursor;
  try {
    const found = await new CatchUp(known, tail, parts, signal).readOn(known.cursor);
    if (found === 'nowhere') throw new Failure('SourceUnreachable', listed, { chunk, position });
    return found === 'apart' ? undefined : found;
  } catch (thrown) {
    // guard: what-came-behind-the-cursor
    if (!memory || !isBeforeCursor(thrown)) throw thrown;
    // The reading that follows finds it again, and there is a place then from which a person can have it read.
    const { namesBefore, left = [], ...others } = memory;
    const from = { ...known.cursor, memory: others };
    const found = await new CatchUp(known, tail, parts, signal).readOn(from).catch(asNowhere);
    if (found === 'nowhere') throw thrown; // another runner has read it on
    if (found === 'apart') return undefined;
    const leftSince = found.memory?.left ?? [];
    const leftBefore = left.filter((one) => leftSince.every((since) => since.chunk !== one.chunk));
    const watched = { ...(namesBefore && { namesBefore }), left: [...leftBefore, ...leftSince] };
    return { ...found, memory: { ...found.memory, ...watched } };
  }
}

/** A finding about chunks before the row's cursor, not about what was appended since. */
function isBeforeCursor(thrown: unknown): boolean {
  return thrown instanceof Failure && (thrown.kind === 'SourceReordered' || thrown.kind === 'SourceForked');
}

/** What is found on the way to nowhere says nothing. @throws what no person could decide on */
function asNowhere(thrown: unknown): 'nowhere' {
  if (thrown instanceof Failure && thrown.policy === 'stop') return 'nowhere';
  throw thrown;
}

/** A record that the stream does not hold next, and the point at which its chunk would have been left before it. */
interface Unknown {
  readonly record: SourceRecord;
  readonly before: ReadPoint;
}

class CatchUp {
  private readonly events: AsyncIterator<StreamMark, undefined>;
  private next: Mark | undefined;
  private begun = false;
  private before: ReadPoint;
  private unknown: Unknown[] = [];
  /** By so much the records are counted higher here than when they were appended. */
  private shift = 0;
  private readonly intruders = new Map<string, NonNullable<SourceState['left']>[number]>();
  /** Events that are there cannot be seen, so nothing can be missed among them. */
  private isHidden = false;
  /** The stream holds an event that was read out of its place, and the row knows nothing of that. */
  private wentApart = false;

  constructor(
    private readonly known: Known,
    private readonly tail: Confirmed,
    private readonly parts: Parts,
    private readonly signal: AbortSignal,
  ) {
    this.before = known.cursor;
    this.events = marksAfter(known, tail, parts, signal);
  }

  /** `apart`: the stream holds what was read out of its place, and the row does not know of it; `nowhere`: the tail is not met. */
  async readOn(from: Cursor): Promise<Cursor | 'apart' | 'nowhere'> {
    try {
      for await (const { records } of this.parts.source.read(from, this.signal)) {
        for (const record of records) {
          const cursor = await this.pass(record);
          if (cursor) return cursor;
        }
      }
    } catch (thrown) {
      if (!this.wentApart) throw thrown;
    }
    return this.wentApart || isApart(this.tail.mark, this.known) ? 'apart' : 'nowhere';
  }

  /** The source's next record. @returns the cursor behind it once it is the one that the tail names */
  private async pass(record: SourceRecord): Promise<Cursor | undefined> {
    await this.begin();
    const cursor = cursorAfter(record);
    const before = this.before.chunk === record.chunk ? this.before : { chunk: record.chunk, offset: 0, sha1: '' };
    this.before = cursor;
    const { next } = this;
    const { mark } = this.tail;
    if (!next || !isSameRecord(next, record)) {
      if (isSameRecord(mark, record)) throw next ? this.replaced(next) : this.changed();
      this.unknown.push({ record, before });
      return undefined;
    }
    // guard: frames-of-a-catch-up
    if (!cursor.sha1.startsWith(next.sha1)) throw this.replaced(next);
    this.judgeUnknown(record, next);
    await this.passEventsOf(next);
    return isSameRecord(mark, record) ? this.withIntruders(cursor) : undefined;
  }

  /** The row may stand inside a record; the rest of it comes first. */
  private async begin(): Promise<void> {
    if (this.begun) return;
    this.begun = true;
    if (this.known.confirmed) await this.passEventsOf(this.known.confirmed.mark);
    else await this.advance();
  }

  /** What stands between the record met last and this one, and is not in the stream. */
  private judgeUnknown(record: SourceRecord, mark: Mark): void {
    const added = record.position - mark.position - this.shift;
    if (added < 0) throw this.replaced(mark);
    const isEventful = this.unknown.map((one) => this.parts.convert(one.record).length > 0);
    const eventful = isEventful.filter(Boolean).length;
    // guard: hole-before-an-append
    if (eventful > added && !this.isHidden && mark.settings === this.parts.settingsDigest) throw this.hole(mark);
    this.isHidden = false;
    // Frames are added at the end, so of those that make no event the last are too many.
    let silent = Math.max(0, added - eventful);
    let explained = 0;
    for (let index = this.unknown.length - 1; index >= 0; index--) {
      const point = this.unknown[index]?.before;
      if (!point || point.chunk === record.chunk || (!isEventful[index] && silent-- <= 0) || added === 0) continue;
      const { chunk, offset, sha1 } = point;
      this.intruders.set(chunk, { chunk, offset, sha1, etag: '' });
      explained++;
    }
    // guard: positions-of-two-runners
    if (explained < added) throw this.miscounted(mark, added - explained);
    this.shift += added;
    this.unknown = [];
  }

  /** The other events of the same record follow, all of them unless the stream ends. */
  private async passEventsOf(first: Mark): Promise<void> {
    for (let index = first.index + 1; ; index++) {
      await this.advance();
      const { next } = this;
      if (!next) return;
      const isSame = isSameRecord(next, first);
      // guard: hole-inside-a-record
      if (!this.isHidden && (isSame ? next.index !== index : index < first.count)) throw this.hole(next);
      if (!isSame) return;
    }
  }

  private withIntruders(cursor: Cursor): Cursor {
    if (this.shift === 0) return cursor;
    const left = (cursor.memory?.left ?? []).filter(({ chunk }) => !this.intruders.has(chunk));
    const memory = { ...cursor.memory, left: [...left, ...this.intruders.values()] };
    return { ...cursor, position: this.tail.mark.position + 1, memory };
  }

  private async advance(): Promise<void> {
    const { value, done } = await this.events.next();
    this.next = done === true ? undefined : value.mark;
    this.isHidden ||= done !== true && value.isAfterHidden;
    this.wentApart ||= this.next !== undefined && isApart(this.next, this.known);
  }

  private changed(): Failure {
    const { stream } = this.parts;
    const { revision } = this.tail;
    return new Failure(
      'AppendUncertain',
      `Stream ${stream} did not show revision ${revision} any more while it was read.`,
      { stream, revision },
    );
  }

  private hole({ position, index }: Mark): Failure {
    const { stream } = this.parts;
    return new Failure(
      'TargetConflict',
      `Before position ${position}, index ${index}, of stream ${stream} events are missing that the source holds: ` +
        'somebody else wrote to the stream at the same time. Replicate into a new TARGET_STREAM.',
      { stream, position, index },
    );
  }

  private miscounted({ position, chunk }: Mark, more: number): Failure {
    const counted = `Before position ${position} (chunk ${chunk}) ${more} more records were counted than when it was appended`;
    return this.anotherOrder(counted, { position, chunk, more });
  }

  private anotherOrder(found: string, facts: Readonly<Record<string, string | number>>): Failure {
    const { stream } = this.parts;
    return new Failure(
      'TargetConflict',
      `${found}: another runner, or an append that landed late, knew the source of stream ${stream} in another order. ` +
        'Replicate into a new TARGET_STREAM.',
      { stream, ...facts },
    );
  }

  private replaced({ position, chunk, offset }: Mark): Failure {
    if (this.known.cursor.memory?.left?.some((left) => left.chunk === chunk && offset >= left.offset)) {
      const appended = `Position ${position} comes from byte ${offset} of chunk ${chunk}, which had been left before`;
      return this.anotherOrder(appended, { position, chunk, offset });
    }
    return new Failure(
      'SourceReplaced',
      `The records up to position ${position} are not those that were replicated: something at or before byte ${offset} of chunk ${chunk} was replaced.`,
      { position, chunk, offset },
    );
  }
}

function isApart({ returnTo }: Mark, { cursor }: Known): boolean {
  return returnTo !== undefined && cursor.returnTo === undefined;
}
