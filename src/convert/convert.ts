import { isUtf8 } from 'node:buffer';
import { Failure } from '../core/failure.js';
import type { Mark } from '../core/mark.js';
import {
  asBuffer,
  type SourceMessage,
  type SourceMessages,
  type SourceRecord,
  type TargetEvent,
} from '../core/record.js';
import { shortName } from '../core/text.js';
import { convertBody, type Body, type BodyMode } from './body/body.js';
import { createEventIds, createMarks, type IdOfIndex, type RecordMarks } from './eventIdAndMark.js';
import { EventsOnDemand, type RecordEvents } from './recordEvents.js';

/** The settings that decide how records become events; all of them are in the settings' digest. */
export interface ConvertOptions {
  /** Goes into ids and marks. */
  readonly sourceId: string;
  /** The keys whose records make no event; compared exactly. */
  readonly excludeKeys: Iterable<string>;
  readonly bodyMode: BodyMode;
  /** Contract name to event type. */
  readonly typeMap: Readonly<Record<string, string>>;
  /** Namespaces that are removed from contract names, without the `/` that follows them. */
  readonly stripNamespaces: readonly string[];
  /** The digest of the settings, 8 hex digits. */
  readonly settings: string;
  /** Makes the event for a message that cannot become one; without it such a message is a failure. */
  readonly placeholder?: (record: SourceRecord, index: number, refusal: Failure) => TargetEvent;
}

/** The type of the event for an opaque payload. */
export const opaqueType = 'LegacyCommit';

/**
 * A record repeats its key and its attributes in each of its events. All that it repeats takes at most this many bytes:
 * else one frame of 16 MiB could fill a server with terabytes.
 */
export const maxRepeatedBytes = 1024 ** 3;
/** The events of a record are made at once when they take at most this many bytes beside their bodies. */
const heldBytes = 1024 ** 2;
/** What an event takes beside its body, its key and its attributes, about. */
const eventBytes = 1024;

const cachedNames = 4096;
const cachedNameBytes = 512;

/** What names the events of one record. */
interface Naming {
  readonly marks: RecordMarks;
  readonly idOf: IdOfIndex;
}

/** An event's type, or why the contract name cannot become a type. */
type EventType = { readonly type: string } | { readonly refused: string; readonly shown: string };

/**
 * Builds the conversion of records into events. The same record and options always make the same events, byte for byte,
 * but for the event before, which each mark names as soon as it is known.
 *
 * @param schema of the marks; 1 is what earlier versions wrote
 * @returns the events of a record: one for each message, in order; none for a record without messages, nor for an
 *   excluded key unless the record is `begun`: the target holds its first events. Many or large ones are made on demand
 * @throws Failure, from the function returned or when the event is made: `Unconvertible` for a message that the target
 *   cannot hold (its type is empty, starts with `$` or is not UTF-8, or its place does not fit into an event id);
 *   `EventTooLarge` for each message of a record that repeats more than {@link maxRepeatedBytes}
 */
export function createConvert(
  options: ConvertOptions,
  schema: Mark['v'] = 2,
): (record: SourceRecord, begun?: boolean) => RecordEvents {
  const excluded = new Set(options.excludeKeys);
  const idsOf = createEventIds(options.sourceId);
  const marksOf = createMarks(options.sourceId, options.settings, schema);
  const eventType = createEventType(options.typeMap, options.stripNamespaces);
  const instead = options.placeholder ?? refuse;

  const eventOf = (record: SourceRecord, index: number, message: SourceMessage, { marks, idOf }: Naming) => {
    const named = eventType(message.contract);
    return 'refused' in named
      ? instead(record, index, unconvertible(record, index, named.shown, named.refused))
      : event(index, named.type, convertBody(message.body, options.bodyMode), marks, idOf);
  };

  const eventsOnDemand = (record: SourceRecord, messages: SourceMessages, naming: Naming): EventsOnDemand => {
    const repeated = messages.length * naming.marks.repeatedBytes;
    // guard: bound-of-a-record
    const tooMuch = repeated > maxRepeatedBytes ? repeatsTooMuch(record, messages.length, repeated) : undefined;
    return new EventsOnDemand(messages, (message, index) =>
      tooMuch ? instead(record, index, tooMuch) : eventOf(record, index, message, naming),
    );
  };

  return (record, begun = false) => {
    const { payload } = record;
    // guard: begun-record-is-finished
    if (excluded.has(record.key) && !begun) return [];
    if (payload.kind === 'opaque') {
      const marks = marksOf(record, 1);
      const body: Body = { contentType: 'application/octet-stream', data: payload.bytes };
      return [event(0, opaqueType, body, marks, idsOf(marks.sha1, record.position))];
    }
    const { messages } = payload;
    const count = messages.length;
    if (count === 0) return [];
    const marks = marksOf(record, count);
    const idOf = idsOf(marks.sha1, record.position);
    const naming = { marks, idOf };
    if (count > 1 && count * (marks.repeatedBytes + eventBytes) > heldBytes)
      return eventsOnDemand(record, messages, naming);
    const events: TargetEvent[] = [];
    for (const message of messages) events.push(eventOf(record, events.length, message, naming));
    return events;
  };
}

function event(index: number, type: string, body: Body, marks: RecordMarks, idOf: IdOfIndex): TargetEvent {
  return {
    id: idOf(index),
    type,
    contentType: body.contentType,
    data: body.data,
    metadata: marks.metadata(index, body.reformatted),
    mark: marks.mark(index, body.reformatted),
  };
}

function refuse(_record: SourceRecord, _index: number, refusal: Failure): never {
  throw refusal;
}

function unconvertible(record: SourceRecord, index: number, type: string, reason: string): Failure {
  const { position, key, chunk, offset } = record;
  const shown = shortName(type);
  return new Failure(
    'Unconvertible',
    `Message ${index} of the record at position ${position} (${chunk}, offset ${offset}) cannot become an event: its type ${JSON.stringify(shown)} ${reason}.`,
    { position, index, type: shown, reason, key: shortName(key), chunk, offset },
  );
}

function repeatsTooMuch({ position, key, chunk, offset }: SourceRecord, count: number, bytes: number): Failure {
  return new Failure(
    'EventTooLarge',
    `The record at position ${position} (${chunk}, offset ${offset}) repeats its key and its attributes in each of its ${count} events, ${bytes} bytes in all; the limit is ${maxRepeatedBytes} bytes.`,
    { position, count, bytes, limit: maxRepeatedBytes, key: shortName(key), chunk, offset },
  );
}

/**
 * Turns contract names into event types. A mapped name gets the type that it is mapped to. From any other name, the
 * longest of the given namespaces that it starts with is removed, with the `/` that follows; without one, the name
 * stays as it is. Nothing else is cut: a name may hold more slashes, in its namespace and between outer types.
 *
 * A type that is empty, starts with `$` (the server's own) or is not UTF-8 is refused.
 */
function createEventType(
  typeMap: Readonly<Record<string, string>>,
  stripNamespaces: readonly string[],
): (contract: Uint8Array) => EventType {
  const mapped = new Map(Object.entries(typeMap));
  const prefixes = stripNamespaces.map((namespace) => `${namespace}/`).sort((one, other) => other.length - one.length);
  const known = new Map<string, EventType>();

  const decide = (contract: Buffer): EventType => {
    if (!isUtf8(contract)) return { refused: 'is not UTF-8', shown: `hex:${contract.toString('hex')}` };
    const name = contract.toString('utf8');
    const prefix = prefixes.find((candidate) => name.startsWith(candidate)) ?? '';
    const type = mapped.get(name) ?? name.slice(prefix.length);
    if (type === '') return { refused: 'is empty', shown: name };
    // guard: reserved-event-types
    if (type.startsWith('$')) return { refused: 'starts with $', shown: name };
    return { type };
  };

  return (contract) => {
    const bytes = asBuffer(contract);
    if (bytes.length > cachedNameBytes) return decide(bytes);
    const name = bytes.toString('latin1');
    const before = known.get(name);
    if (before !== undefined) return before;
    if (known.size >= cachedNames) known.clear();
    const answer = decide(bytes);
    known.set(name, answer);
    return answer;
  };
}
