import type { CheckpointRow } from '../../checkpoint/row.js';
import { settingsDigest } from '../../config/digest.js';
import { Failure } from '../../core/failure.js';
import { beginning, type Cursor } from '../../core/cursor.js';
import { sameMark, type Mark } from '../../core/mark.js';
import type { SourceRecord } from '../../core/record.js';
import { noStream, type StoredEvent } from '../../target/target.js';
import type { Confirmed, Parts, Progress } from '../parts.js';
import { catchUp } from './catchUp.js';
import { checkChain } from './chain.js';
import { ownBeforeForeign, ownMark } from './ownership.js';
import { settingsAccepted, settingsChanged } from './settingsChange.js';

/** Events that are read once more at the most: what a fast server takes between two saves of the row. */
const maxCaughtUp = 500_000;

/**
 * Finds out where replication stands. The target's tail says which event is the last; the source gives the frame that
 * its mark points to; the checkpoint row only says where to look next in the blobs. Every start and every recovery
 * goes this one way.
 *
 * | tail | checkpoint | answer |
 * | --- | --- | --- |
 * | absent | nothing confirmed | its cursor, else the beginning; a new stream |
 * | absent | something confirmed | `TargetLost` |
 * | no event, but a stream | any | `TargetTruncated` |
 * | tombstoned | any | `TargetDeleted` |
 * | not ours | any | `TargetConflict`, unless that revision was accepted |
 * | ours, but it or one before it does not name the event before | any | `TargetConflict` |
 * | accepted, and what is hidden before it may be ours | any | `TargetTruncated` |
 * | ours, its frame gone or another | any | `SourceReplaced` |
 * | ours, but replicated under another SOURCE_ID | any | `SettingsChanged` |
 * | ours, other settings | any | `SettingsChanged`, unless that change was accepted |
 * | ours, inside a record | any | the rest of the record |
 * | ours | the same mark | its cursor; behind the mark, when it was read under other settings |
 * | ours | older or none | behind the mark |
 * | ours | ahead, or the same revision with another mark | behind the mark; the row is set back |
 *
 * @throws Failure: a stop of the table, or an outage of one of the three
 */
export async function resume(parts: Parts, signal: AbortSignal): Promise<Progress> {
  const row = await parts.checkpoint.load(signal);
  const tail = await parts.target.tail(parts.stream, signal);
  switch (tail.kind) {
    case 'absent':
      return startOfStream(parts, row);
    case 'truncated':
      throw new Failure('TargetTruncated', `Stream ${parts.stream} exists but shows no event: ${tail.reason}.`, {
        stream: parts.stream,
        reason: tail.reason,
      });
    case 'tombstoned':
      throw new Failure('TargetDeleted', `Stream ${parts.stream} was deleted for good (tombstoned).`, {
        stream: parts.stream,
      });
    case 'event':
      return afterTail(tail.event, row, parts, signal);
  }
}

function startOfStream(parts: Parts, row: CheckpointRow | undefined): Progress {
  const { stream } = parts;
  // guard: lost-target
  if (row?.confirmed) {
    const { revision } = row.confirmed;
    throw new Failure(
      'TargetLost',
      `Stream ${stream} holds no event of ours, but revision ${revision} of it had been confirmed.`,
      { stream, revision },
    );
  }
  return { cursor: row && readUnderPresentSettings(row, parts) ? row.cursor : beginning, revision: noStream };
}

/** False when records behind our last event were read under other settings: some that made no event may make one now. */
function readUnderPresentSettings({ settings }: CheckpointRow, parts: Parts): boolean {
  // guard: records-passed-over-under-other-settings
  return settingsDigest(settings) === parts.settingsDigest;
}

async function afterTail(
  tail: StoredEvent,
  row: CheckpointRow | undefined,
  parts: Parts,
  signal: AbortSignal,
): Promise<Progress> {
  const ownTail = ownMark(tail, parts.sourceId, row?.accepted);
  const own = ownTail ? { mark: ownTail, event: tail } : await ownBeforeForeign(tail, row, parts, signal);
  if (!own) return { ...startOfStream(parts, row), revision: tail.revision, foreignTailId: tail.id };
  const { mark, event } = own;
  const { record, cursor } = await parts.source.locate(mark, row?.cursor.memory, signal);
  // guard: settings-of-the-tail
  if (mark.settings !== parts.settingsDigest && !settingsAccepted(mark, row, parts))
    throw settingsChanged(mark, row, parts);

  const confirmed = { mark, revision: event.revision };
  const foreignTailId = event.revision === tail.revision ? undefined : tail.id;
  const afterMark: Progress = { cursor, revision: tail.revision, confirmed, ...(foreignTailId && { foreignTailId }) };
  const order = row?.confirmed === undefined ? 'behind' : compare(row.confirmed, confirmed);
  // guard: chain-at-resume
  if (order !== 'same') await checkChain(event, row, parts, signal);
  if (order === 'ahead') {
    parts.logger.warn('target-restored', {
      stream: parts.stream,
      tailRevision: event.revision,
      confirmedRevision: row?.confirmed?.revision,
      position: mark.position,
    });
    // guard: restored-target
    await parts.checkpoint.rollBack(afterMark);
  }
  // guard: rest-of-a-record
  const isWhole = mark.index === mark.count - 1;
  // guard: tail-by-mark
  if (row && order === 'same' && isWhole && readUnderPresentSettings(row, parts))
    return { ...afterMark, cursor: row.cursor };
  // guard: catch-up-since-the-row
  const isBehind = order === 'behind' && canCatchUp(row, confirmed, parts);
  const caughtUp = isBehind ? await catchUp(row, confirmed, parts, signal) : undefined;
  const isAhead = row !== undefined && order === 'behind' && row.cursor.position > mark.position;
  // guard: chunk-left-earlier
  const behindOthers = isAhead ? { ...afterMark, cursor: watching(row.cursor, cursor) } : afterMark;
  const place = caughtUp ? { ...afterMark, cursor: caughtUp } : behindOthers;
  return isWhole ? place : restOfRecord(place, mark, record, row, parts);
}

/** The row is saved every few seconds; only one that was itself restored lies further behind than is worth reading. */
function canCatchUp(row: CheckpointRow | undefined, tail: Confirmed, parts: Parts): row is CheckpointRow {
  // guard: row-without-a-place
  if (row === undefined || row.unplaced || row.cursor.position > tail.mark.position) return false;
  const rowRevision = row.confirmed?.revision ?? noStream;
  if (tail.revision - rowRevision <= maxCaughtUp) return true;
  const { stream, logger } = parts;
  logger.warn('checkpoint-far-behind', { stream, rowRevision, tailRevision: tail.revision });
  return false;
}

/**
 * Another runner counted fewer records up to the tail than the row does: it has left the row's chunk before the records
 * that the row's runner read, or would read next. What stands there must be found.
 */
function watching({ chunk, offset, sha1, returnTo }: Cursor, cursor: Cursor): Cursor {
  const { memory } = cursor;
  if (!memory || returnTo || cursor.returnTo || chunk === cursor.chunk) return cursor;
  const left = (memory.left ?? []).filter((one) => one.chunk !== chunk);
  return { ...cursor, memory: { ...memory, left: [...left, { chunk, offset, sha1, etag: '' }] } };
}

/** Where the row stands, seen from the tail. Another event at the tail's revision is from another server. */
function compare(row: Confirmed, tail: Confirmed): 'behind' | 'same' | 'ahead' {
  if (row.revision < tail.revision) return 'behind';
  // guard: same-revision-another-event
  return row.revision === tail.revision && sameMark(row.mark, tail.mark) ? 'same' : 'ahead';
}

/**
 * A record larger than one append was cut by a crash: its remaining events come first. It is finished as it was begun,
 * also when its key is excluded since.
 */
function restOfRecord(
  place: Progress,
  mark: Mark,
  record: SourceRecord,
  row: CheckpointRow | undefined,
  parts: Parts,
): Progress {
  const events = parts.convert(record, true);
  // guard: count-of-a-record
  if (events.length !== mark.count) throw settingsChanged(mark, row, parts, events.length);
  const { memory } = place.cursor;
  // guard: split-record-index
  const rest = events.slice(mark.index + 1);
  return { ...place, pending: { record: { ...record, memory }, events: rest } };
}
