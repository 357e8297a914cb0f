import type { CheckpointRow, LagNote } from './row.js';

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
