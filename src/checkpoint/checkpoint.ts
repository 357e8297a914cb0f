import type { StopKind, FailureKind } from '../core/failure.js';
import type { Cursor, Mark } from '../core/record.js';

/** What a failure tells people; plain JSON, without secrets. */
export interface FailureNote {
  readonly kind: FailureKind;
  readonly message: string;
  readonly wayOut: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/**
 * Whether someone has been told: claimed in the row first, then sent, then marked sent; so two processes never both
 * send, and a crash in between costs at most one repetition.
 */
export type Notification = 'claimed' | 'sent';

/** From the first failed pass to the next good one. Times are ISO 8601, UTC. */
export interface OutageNote {
  readonly since: string;
  /** Set between the first good pass and the notification that it is over. */
  readonly endedAt?: string;
  readonly tries: number;
  readonly failure: FailureNote;
  readonly notification: Notification;
}

/** A finding that a person must decide on. */
export interface StopNote {
  readonly since: string;
  readonly failure: FailureNote & { readonly kind: StopKind };
  readonly notification: Notification;
}

/** How far behind the target is. */
export interface LagNote {
  readonly bytes: number;
  readonly events: number;
  /** False when `events` is an estimate. */
  readonly eventsExact: boolean;
  /** Seconds since the oldest unconfirmed bytes were first seen; 0 when nothing is unconfirmed. */
  readonly seconds: number;
}

/** What `eventferry doctor` found when a worker ran it last; a sentence each. */
export interface ExaminationNote {
  readonly at: string;
  readonly wrong: readonly string[];
  readonly warnings: readonly string[];
}

/** A run that is over. Times are ISO 8601, UTC. */
export interface RunSummary {
  readonly startedAt: string;
  readonly endedAt: string;
  /** Why it ended: a `RunEnd`, or the kind of failure that ended it. */
  readonly end: string;
  /** Events that it appended. */
  readonly events: number;
}

/** How far replication was in one minute, for the course of the last hours. */
export interface LagSample {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly lag: LagNote;
  /** What was confirmed last; 0 and -1 before the first event. */
  readonly position: number;
  readonly revision: number;
  /** False when the pass that it was taken at failed. */
  readonly well: boolean;
}

/** Samples of the last hours; one a minute, the oldest are written over. For people: nothing depends on it. */
export interface LagHistory {
  /** @throws Failure `CheckpointUnreachable` */
  add(sample: LagSample, signal: AbortSignal): Promise<void>;
  /** Oldest first. @throws Failure `CheckpointUnreachable` */
  recent(signal: AbortSignal): Promise<readonly LagSample[]>;
}

/** The run's state, for people. Times are ISO 8601, UTC. */
export interface RunNote {
  /** A name for the process that wrote last. */
  readonly runner: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  /** The run was told to end when it has caught up, and no timer starts the next: its silence afterwards is no wonder. */
  readonly single?: true;
  /** When this note was written last; a waiting run refreshes it once a minute. */
  readonly refreshedAt: string;
  /** When the confirmed revision last moved. */
  readonly movedAt?: string;
  /** When the tail was last at the source's head. */
  readonly caughtUpAt?: string;
  readonly lag?: LagNote;
  /** When the oldest bytes that are not confirmed yet were first seen; absent when there are none. */
  readonly behindSince?: string;
  /** Set while the stream is left to another runner. */
  readonly yielding?: { readonly since: string; readonly lagBytes: number };
  readonly sourceHead?: { readonly chunk: string; readonly bytes: number };
  readonly examination?: ExaminationNote;
  /** The last few, newest first. */
  readonly recentRuns?: readonly RunSummary[];
  readonly outage?: OutageNote;
  readonly stop?: StopNote;
  readonly lastError?: FailureNote & { readonly at: string };
}

/** What a person has accepted; the ways out of stops. */
export interface Acceptance {
  /** Events written under the settings with the digest `from` may be followed by events under `to`. */
  readonly settings?: { readonly from: string; readonly to: string };
  /** Events that are not ours and behind which a person had us go on. */
  readonly foreign?: readonly { readonly revision: number; readonly id: string }[];
}

/** Everything remembered about one source and one target stream. */
export interface CheckpointRow {
  readonly source: string;
  readonly stream: string;
  /** Where to look in the blobs next; never behind what the target has acknowledged. */
  readonly cursor: Cursor;
  /** The event acknowledged last; absent until the first. `revision` is 0-based. */
  readonly confirmed?: { readonly mark: Mark; readonly revision: number };
  /** Raised whenever the row was set back: for a restored target, or by `rewind`. */
  readonly generation: number;
  /** The settings that decide what is written, by name, so that a change can be named. */
  readonly settings: Readonly<Record<string, string>>;
  readonly accepted?: Acceptance;
  readonly run?: RunNote;
  /**
   * The row was made for its note or for a decision alone, before anybody knew where replication stands: `cursor` says
   * nothing. Whatever the stream holds may be from long before.
   */
  readonly unplaced?: true;
}

/** A row and the token that proves it has not been changed since it was read. */
export interface StoredRow {
  readonly row: CheckpointRow;
  readonly etag: string;
}

/** Where the row lives. Implemented over Table Storage. */
export interface CheckpointStore {
  /** @throws Failure `CheckpointUnreachable`, or `NewerSchema` for a row of a newer Eventferry. */
  load(signal?: AbortSignal): Promise<StoredRow | undefined>;
  /** Inserts if absent. @throws Failure `CheckpointMoved` when there is a row already. */
  insert(row: CheckpointRow, signal?: AbortSignal): Promise<StoredRow>;
  /**
   * Replaces the row if it is still the one with this ETag. An answer that was lost is recognised: when the row already
   * holds exactly what was to be written, that is a success.
   *
   * @throws Failure `CheckpointMoved` when someone else changed it; the old value must then never be written again.
   */
  replace(row: CheckpointRow, etag: string, signal?: AbortSignal): Promise<StoredRow>;
}
