import { isEventferryId } from '../../convert/uuidText.js';
import { eventIdOf, parseMark } from '../../convert/eventIdAndMark.js';
import type { Acceptance, CheckpointRow } from '../../checkpoint/row.js';
import { Failure } from '../../core/failure.js';
import type { Mark } from '../../core/mark.js';
import type { SourceRecord } from '../../core/record.js';
import { shortName } from '../../core/text.js';
import { noStream, type StoredEvent } from '../../target/target.js';
import type { Confirmed, Parts } from '../parts.js';
import { sourceIdChanged } from './settingsChange.js';

/**
 * The mark of an event that some Eventferry wrote: metadata can be copied by anyone, so the event's id must be the id
 * of its mark.
 */
export function provenMark(event: StoredEvent): Mark | undefined {
  const mark = parseMark(event.metadata);
  // guard: event-id-agrees
  return mark && eventIdOf(mark) === event.id ? mark : undefined;
}

/** The mark of an event that is ours: written under this source id, and not a copy that a person has accepted. */
export function ownMark(event: StoredEvent, sourceId: string, accepted?: Acceptance): Mark | undefined {
  // guard: accepted-copy-is-foreign
  if (isAccepted(event, accepted)) return undefined;
  const mark = provenMark(event);
  // guard: mark-names-the-source
  return mark?.source === sourceId ? mark : undefined;
}

/** Whose an event of a stream is. */
export type Owner =
  | { readonly kind: 'ours'; readonly mark: Mark }
  /** Replicated from this container under another SOURCE_ID: its mark names a frame that stands there. No acceptance counts. */
  | { readonly kind: 'ours-under-another-id'; readonly mark: Mark }
  | { readonly kind: 'foreign' };

export type OwnershipParts = Pick<Parts, 'source' | 'sourceId'>;

/** Tells whose an event is. For an event with the mark of another source it reads the frame that the mark names. */
export async function ownerOf(
  event: StoredEvent,
  accepted: Acceptance | undefined,
  parts: OwnershipParts,
  signal: AbortSignal,
): Promise<Owner> {
  const own = ownMark(event, parts.sourceId, accepted);
  if (own) return { kind: 'ours', mark: own };
  const mark = provenMark(event);
  // guard: another-id-of-the-source
  const isFromHere = mark && mark.source !== parts.sourceId && (await recordAt(mark, parts, signal));
  return isFromHere ? { kind: 'ours-under-another-id', mark } : { kind: 'foreign' };
}

export interface OwnEvent {
  readonly mark: Mark;
  readonly event: StoredEvent;
}

/** So many events before a foreign tail are searched for ours under another SOURCE_ID, before anything is accepted. */
const maxSearchedBeforeForeign = 1_000;

/**
 * Our last event in a stream that ends with an event that is not ours, and that a person has accepted.
 *
 * @returns undefined when the stream holds none
 * @throws Failure `TargetConflict` unless a person has accepted the tail; `SettingsChanged` when SOURCE_ID was changed;
 *   `TargetTruncated`
 */
export async function ownBeforeForeign(
  tail: StoredEvent,
  row: CheckpointRow | undefined,
  parts: Parts,
  signal: AbortSignal,
): Promise<OwnEvent | undefined> {
  const { revision, id } = tail;
  // guard: foreign-tail
  if (isAccepted(tail, row?.accepted)) {
    const own = await lastOwn(parts, row?.accepted, revision, signal);
    if (!own) await refuseHidden(parts, signal);
    return own;
  }
  await lastOwn(parts, row?.accepted, revision, signal, revision - maxSearchedBeforeForeign);
  const { stream, sourceId } = parts;
  const type = shortName(tail.type);
  throw new Failure(
    'TargetConflict',
    `Revision ${revision} of stream ${stream} (type ${type}, id ${id}) was not written by Eventferry for source ${sourceId}.`,
    { stream, revision, type, id },
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

/**
 * The last event of ours at a revision or before it, down to and without `above`.
 *
 * @throws Failure `SettingsChanged` when it meets events that were replicated from here under another SOURCE_ID
 */
export async function lastOwn(
  parts: Pick<Parts, 'source' | 'target' | 'stream' | 'sourceId'>,
  accepted: Acceptance | undefined,
  revision: number,
  signal: AbortSignal,
  above = noStream,
): Promise<OwnEvent | undefined> {
  const { target, stream } = parts;
  if (revision <= above) return undefined;
  const others = new Map<string, StoredEvent>(); // by the ids of other sources: the oldest event met
  // The event at the revision is nearly always ours, so the first read asks for it alone.
  for (const count of [1, revision - Math.max(above, noStream)]) {
    for await (const event of target.read(stream, { revision, direction: 'backwards', count }, signal)) {
      const source = provenMark(event)?.source;
      const isOther = source !== undefined && source !== parts.sourceId;
      if (!isOther || !others.has(source)) {
        const mark = await ownOrRefused(event, accepted, parts, signal);
        if (mark) return { mark, event };
      }
      if (isOther) others.set(source, event);
    }
  }
  // A container that is still being copied may lack the frames of the last events.
  // guard: oldest-event-of-another-id
  for (const event of others.values()) await ownOrRefused(event, accepted, parts, signal);
  return undefined;
}

async function ownOrRefused(
  event: StoredEvent,
  accepted: Acceptance | undefined,
  parts: Pick<Parts, 'source' | 'stream' | 'sourceId'>,
  signal: AbortSignal,
): Promise<Mark | undefined> {
  const owner = await ownerOf(event, accepted, parts, signal);
  // guard: source-id-is-never-changed
  if (owner.kind === 'ours-under-another-id') throw sourceIdChanged(owner.mark, parts);
  return owner.kind === 'ours' ? owner.mark : undefined;
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

/**
 * True when a person has accepted foreign events, and with the last of them those before it. The row says so, and, also
 * without the row, our event behind them, which names the last one as the event before it. An event of ours that somebody
 * changed is named so too: it still has the id that we gave it.
 *
 * @param last the last of the foreign events
 * @param next the mark of our event right behind them
 */
export function wasAccepted(last: StoredEvent, next: Mark, accepted: Acceptance | undefined): boolean {
  const isNamed = next.after === last.id && !isEventferryId(last.id);
  // guard: acceptance-in-the-chain
  return isNamed || (accepted?.foreign?.some(({ revision }) => revision >= last.revision) ?? false);
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
  let foreign: StoredEvent | undefined;
  for await (const event of target.read(stream, { revision: expected, direction: 'forwards' }, signal)) {
    if (event.revision > tail.revision) return;
    // guard: hidden-events-among-ours
    isAfterHidden ||= event.revision !== expected;
    expected = event.revision + 1;
    const mark = ownMark(event, sourceId, accepted);
    if (!mark) {
      if (!foreign || !isEventferryId(foreign.id)) foreign = event;
      continue;
    }
    // guard: foreign-event-among-ours
    if (foreign && !wasAccepted(foreign, mark, accepted)) {
      const { revision, id } = foreign;
      const type = shortName(foreign.type);
      throw new Failure(
        'TargetConflict',
        `Revision ${revision} of stream ${stream} (type ${type}) was not written by Eventferry for ` +
          `source ${sourceId}, but events of ours follow it: replicate into a new TARGET_STREAM.`,
        { stream, revision, type, id },
      );
    }
    foreign = undefined;
    yield { mark, isAfterHidden };
    isAfterHidden = false;
  }
}
