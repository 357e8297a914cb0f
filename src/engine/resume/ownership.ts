import { eventIdOf, parseMark } from '../../convert/eventIdAndMark.js';
import type { Acceptance, CheckpointRow } from '../../checkpoint/row.js';
import { Failure } from '../../core/failure.js';
import type { Mark } from '../../core/mark.js';
import type { SourceRecord } from '../../core/record.js';
import { shortName } from '../../core/text.js';
import { noStream, type StoredEvent } from '../../target/target.js';
import type { Confirmed, Parts } from '../parts.js';
import { settingsAccepted, settingsChanged } from './settingsChange.js';

/**
 * The mark of an event that some Eventferry wrote: metadata can be copied by anyone, so the event's id must be the id
 * of its mark.
 */
export function provenMark(event: StoredEvent): Mark | undefined {
  const mark = parseMark(event.metadata);
  // guard: event-id-agrees
  return mark && eventIdOf(mark) === event.id ? mark : undefined;
}

/** The mark of an event that was written for this source. */
export function ownMark(event: StoredEvent, sourceId: string): Mark | undefined {
  const mark = provenMark(event);
  // guard: mark-names-the-source
  return mark?.source === sourceId ? mark : undefined;
}

/**
 * The mark of an event that is ours: written for this source, or under the settings from which a person accepted the
 * change to those of now. The id of the source is one of them, and may have been another.
 */
export function acceptedMark(event: StoredEvent, sourceId: string, accepted: Acceptance | undefined): Mark | undefined {
  // guard: accepted-copy-is-foreign
  if (isAccepted(event, accepted)) return undefined;
  const mark = provenMark(event);
  const isOurs = mark?.source === sourceId || (mark && mark.settings === accepted?.settings?.from);
  return isOurs ? mark : undefined;
}

export interface OwnEvent {
  readonly mark: Mark;
  readonly event: StoredEvent;
}

/**
 * The tail was not written for this source id. Either our own SOURCE_ID was changed (the mark names a frame that this
 * container holds), or someone else writes to the stream; both stop until a person accepts them.
 *
 * @returns our last event; undefined when the stream holds none
 * @throws Failure `SettingsChanged`, `TargetConflict` or `TargetTruncated`
 */
export async function foreignTail(
  tail: StoredEvent,
  row: CheckpointRow | undefined,
  parts: Parts,
  signal: AbortSignal,
): Promise<OwnEvent | undefined> {
  // guard: foreign-tail
  if (isAccepted(tail, row?.accepted)) {
    const own = await lastOwn(parts, row, tail.revision, signal);
    if (!own) await refuseHidden(parts, signal);
    return own;
  }
  const mark = provenMark(tail);
  if (mark && (await recordAt(mark, parts, signal))) {
    if (settingsAccepted(mark, row, parts)) return { mark, event: tail };
    throw settingsChanged(mark, row, parts);
  }
  const type = shortName(tail.type);
  throw new Failure(
    'TargetConflict',
    `Revision ${tail.revision} of stream ${parts.stream} (type ${type}, id ${tail.id}) was not written by ` +
      `Eventferry for source ${parts.sourceId}.`,
    { stream: parts.stream, revision: tail.revision, type, id: tail.id },
  );
}

/** True for the very event that a person has accepted, not for another one that came to stand there. */
export function isAccepted({ revision, id }: StoredEvent, accepted: Acceptance | undefined): boolean {
  // guard: accepted-is-the-very-event
  return accepted?.foreign?.some((one) => one.revision === revision && one.id === id) ?? false;
}

/** The record that a mark names; undefined when it is gone or another one. */
export async function recordAt(
  mark: Mark,
  { source }: Pick<Parts, 'source'>,
  signal: AbortSignal,
): Promise<SourceRecord | undefined> {
  try {
    return (await source.locate(mark, undefined, signal)).record;
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.policy === 'stop') return undefined;
    throw thrown;
  }
}

/** The last event of ours at a revision or before it, down to and without `above`. */
export async function lastOwn(
  { target, stream, sourceId }: Pick<Parts, 'target' | 'stream' | 'sourceId'>,
  row: CheckpointRow | undefined,
  revision: number,
  signal: AbortSignal,
  above = noStream,
): Promise<OwnEvent | undefined> {
  if (revision <= above) return undefined;
  // The event at the revision is nearly always ours, so the first read asks for it alone.
  for (const count of [1, revision - above]) {
    for await (const event of target.read(stream, { revision, direction: 'backwards', count }, signal)) {
      // guard: earlier-id-of-the-source
      const mark = acceptedMark(event, sourceId, row?.accepted);
      if (mark) return { mark, event };
    }
  }
  return undefined;
}

/**
 * A foreign append shows a soft-deleted stream again, but not the events before it. Ours may be among those, and would
 * be there twice once they are shown again.
 *
 * @throws Failure `TargetTruncated` when the stream holds events that it does not show
 */
export async function refuseHidden(
  { target, stream }: Pick<Parts, 'target' | 'stream'>,
  signal: AbortSignal,
): Promise<void> {
  for await (const { revision } of target.read(stream, { revision: 0, direction: 'forwards', count: 1 }, signal)) {
    // guard: hidden-events-of-ours
    if (revision === 0) return;
    throw new Failure(
      'TargetTruncated',
      `Stream ${stream} shows no event of ours, and hides those before revision ${revision}: what it hides may be ours.`,
      { stream, revision },
    );
  }
}

/** Where the row stands, and what a person has accepted: what was appended after it is caught up on. */
export type Known = Pick<CheckpointRow, 'cursor' | 'confirmed' | 'accepted'>;

export interface StreamMark {
  readonly mark: Mark;
  /** The stream hides events between the mark before and this one. */
  readonly isAfterHidden: boolean;
}

/** The marks of the events after the row's, up to the tail. @throws Failure `TargetConflict` for a foreign event */
export async function* marksAfter(
  { accepted, confirmed }: Known,
  tail: Confirmed,
  { stream, target, sourceId }: Parts,
  signal: AbortSignal,
): AsyncGenerator<StreamMark, undefined> {
  let expected = (confirmed?.revision ?? noStream) + 1;
  let isAfterHidden = false;
  for await (const event of target.read(stream, { revision: expected, direction: 'forwards' }, signal)) {
    if (event.revision > tail.revision) return;
    const mark = acceptedMark(event, sourceId, accepted);
    // Accepting an event accepts what stands before it.
    // guard: foreign-event-among-ours
    if (!mark && !accepted?.foreign?.some(({ revision }) => revision >= event.revision)) {
      const type = shortName(event.type);
      throw new Failure(
        'TargetConflict',
        `Revision ${event.revision} of stream ${stream} (type ${type}) was not written by Eventferry for ` +
          `source ${sourceId}, but events of ours follow it: replicate into a new TARGET_STREAM.`,
        { stream, revision: event.revision, type, id: event.id },
      );
    }
    // guard: hidden-events-among-ours
    isAfterHidden ||= event.revision !== expected;
    expected = event.revision + 1;
    if (!mark) continue;
    yield { mark, isAfterHidden };
    isAfterHidden = false;
  }
}
