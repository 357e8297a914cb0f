import { z } from 'zod';
import type { Cursor, Mark } from '../core/record.js';
import type { CheckpointRow, RunNote } from './checkpoint.js';

/**
 * What the JSON columns of a row must look like. A row that someone has damaged must be found so when it is read, not
 * when what it says is acted on. What is not named here is left as it is: another version of the same schema wrote it.
 */

const count = z.int().nonnegative();
const text = z.string();
const texts = z.array(text);

const readPoint = z.looseObject({ chunk: text, offset: count, sha1: text });

const memory = z.looseObject({
  eras: z.looseObject({ int32Until: text, varintFrom: text }).exactOptional(),
  namesBefore: z.looseObject({ chunk: text.exactOptional(), count, digest: text }).exactOptional(),
  left: z.array(readPoint.extend({ etag: text })).exactOptional(),
  passedOver: z.looseObject({ chunks: count, bytes: count }).exactOptional(),
  allowed: texts.exactOptional(),
  apart: z.array(readPoint.extend({ position: count.min(1) })).exactOptional(),
});

const mark = z.looseObject({
  v: z.literal(1),
  source: text,
  position: count.min(1),
  index: count,
  count: count.min(1),
  key: text,
  sha1: text,
  chunk: text,
  offset: count,
  settings: text,
  reformatted: z.literal(true).exactOptional(),
  quarantined: z.literal(true).exactOptional(),
  returnTo: readPoint.exactOptional(),
});

const accepted = z.looseObject({
  settings: z.looseObject({ from: text, to: text }).exactOptional(),
  foreign: z.array(z.looseObject({ revision: count, id: text })).exactOptional(),
});

const failure = z.looseObject({ kind: text, message: text, wayOut: text, facts: z.record(text, z.unknown()) });
const notification = z.enum(['claimed', 'sent']);

const run = z.looseObject({
  runner: text,
  startedAt: text,
  refreshedAt: text,
  endedAt: text.exactOptional(),
  single: z.literal(true).exactOptional(),
  movedAt: text.exactOptional(),
  caughtUpAt: text.exactOptional(),
  behindSince: text.exactOptional(),
  lag: z
    .looseObject({ bytes: z.number(), events: z.number(), eventsExact: z.boolean(), seconds: z.number() })
    .exactOptional(),
  yielding: z.looseObject({ since: text, lagBytes: z.number() }).exactOptional(),
  examination: z.looseObject({ at: text, wrong: texts, warnings: texts }).exactOptional(),
  recentRuns: z.array(z.looseObject({ startedAt: text, endedAt: text, end: text, events: z.number() })).exactOptional(),
  outage: z
    .looseObject({ since: text, endedAt: text.exactOptional(), tries: count, failure, notification })
    .exactOptional(),
  stop: z.looseObject({ since: text, failure, notification }).exactOptional(),
  lastError: failure.extend({ at: text }).exactOptional(),
});

const shapes = { returnTo: readPoint, memory, mark, accepted, run, settings: z.record(text, text) };

/** What each column holds. */
export interface Shaped {
  readonly returnTo: NonNullable<Cursor['returnTo']>;
  readonly memory: NonNullable<Cursor['memory']>;
  readonly mark: Mark;
  readonly accepted: NonNullable<CheckpointRow['accepted']>;
  readonly run: RunNote;
  readonly settings: CheckpointRow['settings'];
}

/** The value of a JSON column. @throws Error that says where it is not what it must be */
export function shaped<Name extends keyof Shaped>(name: Name, value: unknown): Shaped[Name] {
  const result = shapes[name].safeParse(value);
  if (result.success) return result.data as unknown as Shaped[Name];
  const [issue] = result.error.issues;
  const where = [name, ...(issue?.path ?? [])].join('.');
  // guard: shape-of-a-row
  throw new Error(`column ${where}: ${issue?.message ?? 'wrong'}`);
}
