import { createHash } from 'node:crypto';

import { Failure } from '../core/failure.js';
import { liesAfter } from '../core/mark.js';
import { redact } from '../core/redact.js';
import type { CheckpointRow, ExaminationNote, FailureNote, RunNote } from './row.js';
import { jsonValue, type JsonColumn, type JsonValue } from './row.js';

/** A row as Table Storage keeps it. What people look at has columns of its own, the rest is JSON; a bigint is Int64. */
export interface CheckpointEntity {
  readonly partitionKey: string;
  readonly rowKey: string;
  readonly [column: string]: string | number | bigint | undefined;
}

/** A newer Eventferry wrote rows of a higher schema; this one does not touch them. */
const schema = 1;

/** A string property holds 32,768 UTF-16 characters; longer JSON continues in `name_2`, `name_3` and so on. */
const columnLength = 32_000;
const messageLength = 4_000;
const factLength = 1_000;

/** The keys of the row of a source and a target stream. */
export function keysOf(source: string, stream: string): { readonly partitionKey: string; readonly rowKey: string } {
  return { partitionKey: keyOf(source), rowKey: keyOf(stream) };
}

/**
 * Keys may not hold `/ \ # ?` or control characters, clients disagree about `%`, and 1 KiB is the limit. So every byte
 * but letters, digits, `.`, `-` and `_` is written as `=` and two hex digits, and a long key ends in a hash.
 */
function keyOf(name: string): string {
  const safe = name.replace(/[^A-Za-z0-9._-]+/gu, (rest) => Buffer.from(rest).toString('hex').replace(/../g, '=$&'));
  if (safe.length <= 200) return safe;
  return `${safe.slice(0, 100)}=sha256=${createHash('sha256').update(name).digest('hex')}`;
}

/** The columns of a row. For queries, `stopKind`, `outageSince`, `lagBytes` and `refreshedAt` repeat parts of `run`. */
export function entityOf(row: CheckpointRow): CheckpointEntity {
  const { cursor, confirmed, run } = row;
  return {
    ...keysOf(row.source, row.stream),
    schema,
    source: row.source,
    stream: row.stream,
    generation: row.generation,
    ...(row.unplaced && { unplaced: 1 }),
    chunk: cursor.chunk,
    offset: BigInt(cursor.offset),
    position: BigInt(cursor.position),
    sha1: cursor.sha1,
    ...json('returnTo', cursor.returnTo),
    ...json('memory', cursor.memory),
    ...(confirmed && { revision: BigInt(confirmed.revision), ...json('mark', confirmed.mark) }),
    ...json('settings', row.settings),
    ...json('accepted', row.accepted),
    ...(run && {
      ...json('run', boundedRun(run)),
      refreshedAt: run.refreshedAt,
      ...(run.stop && { stopKind: run.stop.failure.kind }),
      ...(run.outage && { outageSince: run.outage.since }),
      ...(run.lag && { lagBytes: BigInt(run.lag.bytes) }),
    }),
  };
}

/**
 * The row that the columns hold.
 *
 * @throws Failure `NewerSchema`, or `CheckpointUnreachable` for a damaged row.
 */
export function rowOf(entity: Readonly<Record<string, unknown>>): CheckpointRow {
  // guard: row-of-a-newer-version
  if (Number(entity['schema']) > schema) {
    throw new Failure(
      'NewerSchema',
      `The checkpoint row of ${String(entity['source'])} and ${String(entity['stream'])} has schema ${Number(entity['schema'])}; this version knows ${schema}.`,
      { schema: Number(entity['schema']), known: schema },
    );
  }
  try {
    return readRow(entity);
  } catch (cause) {
    const keys = `${String(entity['partitionKey'])} / ${String(entity['rowKey'])}`;
    throw new Failure(
      'CheckpointUnreachable',
      `The checkpoint row ${keys} is damaged (${(cause as Error).message}); once it is deleted, the next run continues after the target's last event.`,
      { partitionKey: entity['partitionKey'], rowKey: entity['rowKey'] },
      { cause },
    );
  }
}

function readRow(entity: Readonly<Record<string, unknown>>): CheckpointRow {
  const returnTo = parsed(entity, 'returnTo');
  const memory = parsed(entity, 'memory');
  const mark = parsed(entity, 'mark');
  const accepted = parsed(entity, 'accepted');
  const run = parsed(entity, 'run');
  if (Number(entity['schema']) !== schema) throw new Error('column schema is not a version');
  const position = integer(entity, 'position');
  const offset = integer(entity, 'offset');
  if (position < 1 || offset < 0) throw new Error('columns position and offset are no place');
  const cursor = {
    chunk: text(entity, 'chunk'),
    offset,
    sha1: text(entity, 'sha1'),
    position,
    ...(returnTo && { returnTo }),
    ...(memory && { memory }),
  };
  // guard: cursor-after-the-mark
  if (mark && !liesAfter(cursor, mark)) throw new Error('the cursor does not lie after the mark');
  return {
    source: text(entity, 'source'),
    stream: text(entity, 'stream'),
    cursor,
    ...(mark && { confirmed: { mark, revision: integer(entity, 'revision') } }),
    generation: integer(entity, 'generation'),
    ...(entity['unplaced'] !== undefined && { unplaced: true }),
    settings: parsed(entity, 'settings') ?? {},
    ...(accepted && { accepted }),
    ...(run && { run }),
  };
}

function text(entity: Readonly<Record<string, unknown>>, name: string): string {
  const value = entity[name];
  if (typeof value !== 'string') throw new Error(`column ${name} is not text`);
  return value;
}

function integer(entity: Readonly<Record<string, unknown>>, name: string): number {
  const value = Number(entity[name]);
  if (!Number.isSafeInteger(value)) throw new Error(`column ${name} is not a whole number`);
  return value;
}

/** JSON in columns. It is ASCII only, so that it can be cut anywhere. */
function json(name: string, value: unknown): Record<string, string> {
  if (value === undefined) return {};
  const ascii = JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const columns: Record<string, string> = {};
  for (let part = 1; (part - 1) * columnLength < ascii.length; part += 1) {
    columns[columnName(name, part)] = ascii.slice((part - 1) * columnLength, part * columnLength);
  }
  return columns;
}

function parsed<Name extends JsonColumn>(
  entity: Readonly<Record<string, unknown>>,
  name: Name,
): JsonValue<Name> | undefined {
  let whole = '';
  for (let part = 1; ; part += 1) {
    const column = entity[columnName(name, part)];
    if (typeof column !== 'string') break;
    whole += column;
  }
  return whole === '' ? undefined : jsonValue(name, JSON.parse(whole));
}

function columnName(name: string, part: number): string {
  return part === 1 ? name : `${name}_${part}`;
}

/** The note for people, limited in size and without secrets, whatever a failure said. */
function boundedRun(run: RunNote): RunNote {
  return {
    ...run,
    ...(run.examination && { examination: boundedExamination(run.examination) }),
    ...(run.outage && { outage: { ...run.outage, failure: boundedFailure(run.outage.failure) } }),
    ...(run.stop && { stop: { ...run.stop, failure: boundedFailure(run.stop.failure) } }),
    ...(run.lastError && { lastError: boundedFailure(run.lastError) }),
  };
}

function boundedExamination({ at, wrong, warnings }: ExaminationNote): ExaminationNote {
  const few = (sentences: readonly string[]) => sentences.slice(0, 10).map((sentence) => bounded(sentence));
  return { at, wrong: few(wrong), warnings: few(warnings) };
}

function boundedFailure<F extends FailureNote>(failure: F): F {
  const facts = Object.entries(failure.facts).slice(0, 20);
  return {
    ...failure,
    message: bounded(failure.message, messageLength),
    facts: Object.fromEntries(facts.map(([name, value]) => [name, boundedFact(value)])),
  };
}

function boundedFact(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'string') return bounded(value);
  if (typeof value === 'bigint') return String(value);
  try {
    const whole = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
    if (whole.length <= factLength && whole === redact(whole)) return JSON.parse(whole);
    return bounded(whole);
  } catch {
    return undefined;
  }
}

function bounded(value: string, length = factLength): string {
  // guard: redaction-in-the-row
  const safe = redact(value);
  return safe.length <= length ? safe : `${safe.slice(0, length)}...`;
}
