import type { CheckpointRow } from '../../checkpoint/row.js';
import { eventIdOf } from '../../convert/eventIdAndMark.js';
import { Failure } from '../../core/failure.js';
import { noEvent, type Mark } from '../../core/mark.js';
import { noStream, type StoredEvent } from '../../target/target.js';
import type { Parts, Progress } from '../parts.js';
import { isAccepted, provenMark } from './ownership.js';

/** So many events are checked where no row says which one was confirmed. */
const maxCheckedWithoutRow = 1_000;

/**
 * Each event of ours names the event before it. From our last event back to the one that the row confirms, each must
 * follow the one that it names: a copy of one of our events, a hole, and events in another order break the chain.
 *
 * @param last our last event
 * @throws Failure `TargetConflict` that names the revision where the chain breaks
 */
export async function checkChain(
  last: StoredEvent,
  row: CheckpointRow | undefined,
  { target, stream }: Parts,
  signal: AbortSignal,
): Promise<void> {
  const confirmed = row?.confirmed?.revision ?? Infinity;
  const { revision } = last;
  const count = confirmed < revision ? revision - confirmed + 1 : maxCheckedWithoutRow;
  const refuse = (event: StoredEvent, before: StoredEvent | undefined): void => {
    const after = isAccepted(event, row?.accepted) ? undefined : brokenLink(event, before, provenMark(event));
    if (after !== undefined) throw broken(stream, event, after, before);
  };
  let later: StoredEvent | undefined;
  for await (const event of target.read(stream, { revision, direction: 'backwards', count }, signal)) {
    if (later) refuse(later, event);
    later = event;
  }
  if (later) refuse(later, undefined);
}

/**
 * The event that this one names as the one before it, if it does not stand there.
 *
 * @param before the event before it as far as the stream shows it; undefined when it is the first shown or not known
 * @param mark of this event; undefined when it is not ours
 * @returns undefined when the chain holds here, or cannot be seen: behind hidden events, and for marks of schema 1
 */
export function brokenLink(
  { revision }: StoredEvent,
  before: StoredEvent | undefined,
  mark: Mark | undefined,
): string | undefined {
  if (revision !== (before?.revision ?? noStream) + 1) return undefined;
  return mark?.after === (before?.id ?? noEvent) ? undefined : mark?.after;
}

function broken(
  stream: string,
  { revision, id }: StoredEvent,
  after: string,
  before: StoredEvent | undefined,
): Failure {
  const followed = after === noEvent ? 'was written as the first of its stream' : `was written after event ${after}`;
  const stands = before ? `stands after event ${before.id}` : 'is the first now';
  return new Failure(
    'TargetConflict',
    `Revision ${revision} of stream ${stream} (id ${id}) is an event of ours in the wrong place: it ${followed}, and ` +
      `${stands}. Somebody else wrote to the stream, or copied or removed events.`,
    { stream, revision, id, after, before: before?.id ?? noEvent },
  );
}

/** The id of the event that the next one will name; {@link noEvent} for a new stream. */
export function lastIdOf({ foreignTailId, confirmed }: Progress): string {
  return foreignTailId ?? (confirmed ? eventIdOf(confirmed.mark) : noEvent);
}
