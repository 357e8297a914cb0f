import type { LagHistory, StreamTable } from '../checkpoint/checkpoint.js';
import type { CheckpointRow } from '../checkpoint/row.js';
import type { RecordEvents } from '../convert/recordEvents.js';
import type { SourceRecord } from '../core/record.js';
import type { Quarantine } from '../quarantine/quarantine.js';
import type { Source } from '../source/source.js';
import type { Target } from '../target/target.js';
import type { IncidentNotices, NoticeParts } from './report/notices.js';

/** What the engine is made of; built in one place, `replicator.ts`. */
export interface Parts extends NoticeParts {
  readonly source: Source;
  /**
   * A record's events, in order; exclusions do not count for one that is `begun`.
   *
   * @throws Failure `Unconvertible` or `EventTooLarge`, perhaps only when the event is made
   */
  readonly convert: (record: SourceRecord, begun?: boolean) => RecordEvents;
  readonly target: Target;
  /** Keeps the messages that events of `convert` stand for; absent where it makes no such events. */
  readonly quarantine?: Quarantine | undefined;
  /** The course of the lag, for people. */
  readonly history: LagHistory;
  /** What the table knows of this container; absent where TARGET_STREAM names the stream, which is then meant. */
  readonly streams?: StreamTable;
  /** Tells people, for all runs of a process; absent: a run has its own, which tells the log alone. */
  readonly notices?: IncidentNotices | undefined;
  /** Digest of the settings that decide what is written, 8 hex digits. */
  readonly settingsDigest: string;
  /** The same settings by name and value, so that a change can be named. */
  readonly settingsByName: Readonly<Record<string, string>>;
}

/** An event that the target has acknowledged, and where. */
export type Confirmed = NonNullable<CheckpointRow['confirmed']>;

/**
 * Where replication stands: what comes next at the source, and what the target ends with. The record of the event that
 * is `confirmed` ends at or before `cursor`.
 */
export interface Progress extends Pick<CheckpointRow, 'cursor' | 'confirmed'> {
  /** The target stream's last revision, which the next append expects; `noStream` when there is none. */
  readonly revision: number;
  /** The id of the stream's last event, where that is a foreign one that a person accepted. */
  readonly foreignTailId?: string;
  /** The rest of a record of which the target holds only the first events; they go before what `cursor` gives. */
  readonly pending?: { readonly record: SourceRecord; readonly events: RecordEvents };
}
