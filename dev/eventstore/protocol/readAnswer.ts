import { streamIdentifier } from './batchAppendAnswer.js';
import { mapEntry } from '../store/serverMadeEvent.js';
import type { EventRef } from '../store/streamState.js';
import { WireWriter } from './wire.js';

export type UuidForm = 'string' | 'structured';

/** The revision of a tombstone. */
const TOMBSTONE_REVISION = 2n ** 63n - 1n;
const TICKS_PER_MS = 10_000;

/** id = 1, stream = 2, revision = 3, prepare position = 4, commit position = 5, metadata = 6, custom = 7, data = 8. */
function recordedEvent({ stored, index }: EventRef, form: UuidForm): WireWriter {
  const { events } = stored;
  const position = stored.position + index;
  return new WireWriter()
    .message(1, events.idMessage(index, form))
    .message(2, streamIdentifier(stored.stream.name))
    .uint64(3, stored.tombstone ? TOMBSTONE_REVISION : stored.first + index)
    .uint64(4, position)
    .uint64(5, position)
    .message(6, mapEntry('type', events.type(index)))
    .message(6, mapEntry('created', String(stored.createdMs * TICKS_PER_MS)))
    .message(6, mapEntry('content-type', events.isJson(index) ? 'application/json' : 'application/octet-stream'))
    .bytes(7, events.metadata(index))
    .bytes(8, events.data(index));
}

/** A `ReadResp` with a `ReadEvent` = 1: event = 1, link = 2, commit_position = 3. */
export function eventAnswer(event: EventRef | undefined, link: EventRef | undefined, form: UuidForm): Buffer {
  const answer = new WireWriter();
  if (event) answer.message(1, recordedEvent(event, form));
  if (link) answer.message(2, recordedEvent(link, form));
  const at = link ?? event;
  answer.uint64(3, at ? at.stored.position + at.index : 0);
  return new WireWriter().message(1, answer).finish();
}

/** A `ReadResp` with stream_not_found = 4. */
export function notFoundAnswer(stream: string): Buffer {
  return new WireWriter().message(4, new WireWriter().message(1, streamIdentifier(stream))).finish();
}

/** A `ReadResp` with first_stream_position = 5 or last_stream_position = 6. */
export function positionAnswer(kind: 'firstStreamPosition' | 'lastStreamPosition', revision: number): Buffer {
  return new WireWriter().uint64(kind === 'firstStreamPosition' ? 5 : 6, revision).finish();
}
