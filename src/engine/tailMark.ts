import { eventIdOf } from '../convert/eventId.js';
import { parseMark } from '../convert/mark.js';
import type { Mark } from '../record.js';
import type { StoredEvent } from '../target/target.js';

/**
 * The mark of an event that some Eventferry wrote: metadata can be copied by anyone, so the event's id must be the id
 * of its mark.
 */
export function provenMark(event: StoredEvent): Mark | undefined {
  const mark = parseMark(event.metadata);
  return mark && eventIdOf(mark) === event.id ? mark : undefined;
}

/** The mark of an event that was written for this source. */
export function ownMark(event: StoredEvent, sourceId: string): Mark | undefined {
  const mark = provenMark(event);
  return mark?.source === sourceId ? mark : undefined;
}
