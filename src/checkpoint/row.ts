import { z } from 'zod';
import { readPointSchema, sourceStateSchema, type Cursor } from '../core/cursor.js';
import type { FailureKind, StopKind } from '../core/failure.js';
import { markSchema, type Mark } from '../core/mark.js';
import { count, open, text, type Stored } from '../core/stored.js';

/** A kind of failure. Another version of the same schema may know more kinds. */
const kind = text as unknown as z.ZodType<FailureKind>;
const stopKind = text as unknown as z.ZodType<StopKind>;

const failureParts = { kind, message: text, remedy: text, facts: z.record(text, z.unknown()) };
const failure = z.preprocess(withRemedy, open(failureParts));

/** Rows that were stored before the remedy had this name hold it as `wayOut`. */
function withRemedy(stored: unknown): unknown {
  if (typeof stored !== 'object' || stored === null || !('wayOut' in stored)) return stored;
  const { wayOut, ...others } = stored;
  return { remedy: wayOut, ...others };
}

/** A failure as people see it; plain JSON, without secrets. */
export type FailureNote = Stored<typeof failure>;

/**
 * Whether people have been told. A process claims the notification in the row, sends it, and then marks it sent. So two
 * processes never both send it, and a crash repeats it at most once.
 */
const notification = z.enum(['claimed', 'sent']);

const outage = open({
  since: text,
  /** Set from the first good pass until people are told that the outage is over. */
  endedAt: text.exactOptional(),
  tries: count,
  failure,
  notification,
});

/** From the first failed pass to the next good one. Times are ISO 8601, UTC. */
export type OutageNote = Stored<typeof outage>;

const stopFailure = z.preprocess(withRemedy, open({ ...failureParts, kind: stopKind }));
const stop = open({ since: text, failure: stopFailure, notification });

/** A finding that a person must decide on. */
export type StopNote = Stored<typeof stop>;

const lag = open({
  bytes: z.number(),
  events: z.number(),
  /** False when `events` is an estimate. */
  eventsExact: z.boolean(),
  /** Seconds since the oldest unconfirmed bytes were first seen; 0 when nothing is unconfirmed. */
  seconds: z.number(),
});

export type LagNote = Stored<typeof lag>;

const examination = open({ at: text, wrong: z.array(text), warnings: z.array(text) });

/** What the last check by a worker (`eventferry doctor`) found, in sentences. */
export type ExaminationNote = Stored<typeof examination>;

/** A run that has ended. */
const runSummary = open({
  startedAt: text,
  endedAt: text,
  /** Why it ended: a `RunEnd`, or the kind of failure that ended it. */
  end: text,
  /** Events that it appended. */
  events: z.number(),
});

const run = open({
  /** Names the process that wrote last. */
  runner: text,
  startedAt: text,
  /** When this note was written last; a waiting run refreshes it once a minute. */
  refreshedAt: text,
  endedAt: text.exactOptional(),
  /** The run ends when it has caught up, and no timer starts another: silence afterwards is no problem. */
  single: z.literal(true).exactOptional(),
  /** When the confirmed revision last moved. */
  movedAt: text.exactOptional(),
  /** When the target last held all that the source held. */
  caughtUpAt: text.exactOptional(),
  /** When the oldest bytes that are not confirmed yet were first seen; absent when there are none. */
  behindSince: text.exactOptional(),
  lag: lag.exactOptional(),
  /** Set while the stream is left to another runner. */
  yielding: open({ since: text, lagBytes: z.number() }).exactOptional(),
  sourceHead: open({ chunk: text, bytes: z.number() }).exactOptional(),
  examination: examination.exactOptional(),
  /** The last few runs, newest first. */
  recentRuns: z.array(runSummary).exactOptional(),
  outage: outage.exactOptional(),
  stop: stop.exactOptional(),
  lastError: z.preprocess(withRemedy, open({ ...failureParts, at: text })).exactOptional(),
});

/** The run's state, for people. Times are ISO 8601, UTC. */
export type RunNote = Stored<typeof run>;

const settings = z.record(text, text);

const accepted = open({
  /** Events written under the settings with the digest `from` may be followed by events under `to`. */
  settings: open({ from: text, to: text }).exactOptional(),
  /** Foreign events after which, as a person decided, replication continues. */
  foreign: z.array(open({ revision: count, id: text })).exactOptional(),
  /** The last settings that accepted ones have replaced, by name: `verify` judges by them what was written before. */
  formerSettings: z.array(settings).exactOptional(),
});

/** What a person has accepted. */
export type Acceptance = Stored<typeof accepted>;

/** Everything that is kept about one source and one target stream. */
export interface CheckpointRow {
  readonly source: string;
  readonly stream: string;
  /** Where to look in the blobs next; never past what the target has confirmed. */
  readonly cursor: Cursor;
  /** The last confirmed event; absent before the first. `revision` is 0-based. */
  readonly confirmed?: { readonly mark: Mark; readonly revision: number };
  /** Grows whenever the row is set back: for a restored target, or by `rewind`. */
  readonly generation: number;
  /** The settings that decide what is written, by name, so that a change can be named. */
  readonly settings: Stored<typeof settings>;
  readonly accepted?: Acceptance;
  readonly run?: RunNote;
  /**
   * The row was made for a note or a decision before it was known where replication stands. `cursor` means nothing; the
   * stream may hold events all the same.
   */
  readonly unplaced?: true;
}

/** The columns that hold JSON. */
const columns = {
  returnTo: readPointSchema,
  memory: sourceStateSchema,
  mark: markSchema.loose(),
  accepted,
  run,
  settings,
};

export type JsonColumn = keyof typeof columns;

/** The type of each JSON column. */
export type JsonValue<Name extends JsonColumn> = Name extends 'mark' ? Mark : Stored<(typeof columns)[Name]>;

/** The value of a JSON column. @throws Error that names the part with the wrong shape */
export function jsonValue<Name extends JsonColumn>(name: Name, value: unknown): JsonValue<Name> {
  const result = columns[name].safeParse(value);
  if (result.success) return result.data as JsonValue<Name>;
  const [issue] = result.error.issues;
  const where = [name, ...(issue?.path ?? [])].join('.');
  // guard: shape-of-a-row
  throw new Error(`column ${where}: ${issue?.message ?? 'wrong'}`);
}
