import { eventIdOf } from '../../convert/eventId.js';
import { parseMark } from '../../convert/mark.js';
import type { Acceptance } from '../../checkpoint/row.js';
import type { Mark } from '../../core/mark.js';
import type { StoredEvent } from '../../target/target.js';

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
  const mark = provenMark(event);
  const isOurs = mark?.source === sourceId || (mark && mark.settings === accepted?.settings?.from);
  return isOurs ? mark : undefined;
}
