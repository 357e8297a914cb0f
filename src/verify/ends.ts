import type { CheckpointRow } from '../checkpoint/row.js';
import { Failure } from '../core/failure.js';
import { sameMark, type Mark } from '../core/mark.js';
import type { FramePoint, History } from '../source/views/history.js';
import { noStream } from '../target/target.js';
import { difference, type Difference } from './compare/difference.js';
import type { Parts } from '../engine/parts.js';
import { lastOwn, ownMark } from '../engine/resume/ownership.js';

type EndsParts = Pick<Parts, 'checkpoint' | 'source' | 'target' | 'stream' | 'sourceId' | 'settingsDigest'> & {
  readonly optionsOf: (settings: CheckpointRow['settings']) => { readonly settings: string } | undefined;
};

/** How far both sides can be compared, at one moment; a replicator may append more afterwards. */
export interface Ends {
  readonly row: CheckpointRow | undefined;
  /** Last revision of the stream. */
  readonly revision: number;
  /** The last position of which all events are replicated. */
  readonly position: number;
  /** The record of which the stream holds only some events, and the revision of the first of them. */
  readonly unfinished?: { readonly position: number; readonly revision: number };
  /** Digest of the settings under which the last records were read; empty when they are not known. */
  readonly settings: string;
  /** Events that the checkpoint calls confirmed and the stream does not hold. */
  readonly differences: readonly Difference[];
  /** True for an event whose place at the source is not replicated yet. */
  isAhead(mark: Mark, history: History): boolean;
}

/**
 * Asks the checkpoint first and the stream second, so that the stream must hold everything that is called confirmed.
 *
 * @throws Failure `TargetTruncated` or `TargetDeleted` for a stream that cannot be read, `SettingsChanged` when
 *   SOURCE_ID was changed, or an outage
 */
export async function verifyEnds(parts: EndsParts, signal: AbortSignal): Promise<Ends> {
  const row = await parts.checkpoint.load(signal);
  const revision = await lastRevision(parts, signal);
  const own = await lastOwn(parts, row?.accepted, revision, signal);
  const isUnfinished = own !== undefined && own.mark.index < own.mark.count - 1;
  const replicated = own ? own.mark.position - (isUnfinished ? 1 : 0) : 0;
  const rowIsAhead = row !== undefined && row.cursor.position > (own?.mark.position ?? 0);
  const [main, apart] = rowIsAhead ? pointsOfRow(row) : pointsOfTail(own?.mark, isUnfinished);
  return {
    row,
    revision,
    position: rowIsAhead ? row.cursor.position - 1 : replicated,
    settings: rowIsAhead ? (parts.optionsOf(row.settings)?.settings ?? '') : parts.settingsDigest,
    ...(isUnfinished &&
      !rowIsAhead && { unfinished: { position: own.mark.position, revision: own.event.revision - own.mark.index } }),
    differences: await confirmedButAbsent(parts, row, revision, signal),
    isAhead: (mark, history) => {
      if (apart?.chunk === mark.chunk && mark.offset >= apart.offset) return true;
      return history.compare(mark, main) >= 0;
    },
  };
}

type Points = readonly [main: FramePoint, apart: FramePoint | undefined];

/** Where reading continues: in the order of the source, and in the detour. */
function pointsOfRow({ cursor }: CheckpointRow): Points {
  return cursor.returnTo ? [cursor.returnTo, cursor] : [cursor, undefined];
}

function pointsOfTail(mark: Mark | undefined, unfinished: boolean): Points {
  if (!mark) return [{ chunk: '', offset: 0 }, undefined];
  const next = { chunk: mark.chunk, offset: mark.offset + (unfinished ? 0 : 1) };
  return mark.returnTo ? [mark.returnTo, next] : [next, undefined];
}

/** The stream's last revision. @throws Failure `TargetTruncated` or `TargetDeleted` */
export async function lastRevision(
  { target, stream }: Pick<Parts, 'target' | 'stream'>,
  signal: AbortSignal,
): Promise<number> {
  const tail = await target.tail(stream, signal);
  switch (tail.kind) {
    case 'absent':
      return noStream;
    case 'truncated':
      throw new Failure('TargetTruncated', `Stream ${stream} shows no event: ${tail.reason}.`, { stream });
    case 'tombstoned':
      throw new Failure('TargetDeleted', `Stream ${stream} was deleted for good (tombstoned).`, { stream });
    case 'event':
      return tail.event.revision;
  }
}

/** What the row calls confirmed and the stream does not hold. */
export async function confirmedButAbsent(
  { target, stream, sourceId }: Pick<Parts, 'target' | 'stream' | 'sourceId'>,
  row: CheckpointRow | undefined,
  lastRevision: number,
  signal: AbortSignal,
): Promise<Difference[]> {
  // guard: verify-row-against-the-stream
  if (!row?.confirmed) return [];
  const { mark, revision } = row.confirmed;
  if (revision > lastRevision) {
    return [difference('checkpoint-ahead', mark, { revision }, `the stream ends at revision ${lastRevision}`)];
  }
  for await (const event of target.read(stream, { revision, direction: 'forwards', count: 1 }, signal)) {
    const stored = ownMark(event, sourceId, row.accepted);
    if (stored && event.revision === revision && sameMark(stored, mark)) return [];
  }
  return [difference('checkpoint-ahead', mark, { revision }, 'the stream holds another event there')];
}
