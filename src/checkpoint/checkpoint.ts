import type { CheckpointRow, LagNote } from './row.js';

/** A row and its ETag, by which the table knows whether the row has changed since. */
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
   * Replaces the row if it is still the one with this ETag. A lost answer counts as a success: the row
   * already holds exactly what was to be written.
   *
   * @throws Failure `CheckpointMoved` when someone else changed it; the old value must then never be written again.
   */
  replace(row: CheckpointRow, etag: string, signal?: AbortSignal): Promise<StoredRow>;
}

/** A target stream, and the source id under which it is filled. */
export interface NamedStream {
  readonly source: string;
  readonly stream: string;
}

/** Which streams one container fills. For people only: nothing depends on it. */
export interface StreamTable {
  /** Notes that the container fills our stream. @throws Failure `CheckpointUnreachable` */
  note(signal?: AbortSignal): Promise<void>;
  /** The streams that it filled under other source ids than ours. @throws Failure `CheckpointUnreachable` */
  underOtherIds(signal: AbortSignal): Promise<readonly NamedStream[]>;
}

/** How far replication was in one minute. */
export interface LagSample {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly lag: LagNote;
  /** The last confirmed position and revision; 0 and -1 before the first event. */
  readonly position: number;
  readonly revision: number;
  /** False when the pass of this sample failed. */
  readonly well: boolean;
}

/** Samples of the last hours, one a minute; new ones overwrite the oldest. For people only: nothing depends on it. */
export interface LagHistory {
  /** @throws Failure `CheckpointUnreachable` */
  add(sample: LagSample, signal: AbortSignal): Promise<void>;
  /** Oldest first. @throws Failure `CheckpointUnreachable` */
  recent(signal: AbortSignal): Promise<readonly LagSample[]>;
}
