import type { TargetEvent } from '../../core/record.js';
import { type MeasuredEvents, noStream } from '../target.js';

/**
 * The encoder of append requests: straight from an event's bytes to protobuf, without an object in between. It writes
 * from the last byte to the first, so that the length of each field is known when it is written in front of it.
 *
 * Shapes: `event_store.client.streams.BatchAppendReq` and `AppendReq` of EventStoreDB's streams.proto; both hold the
 * same `ProposedMessage {UUID id = 1; map<string, string> metadata = 2; bytes custom_metadata = 3; bytes data = 4}`.
 */

/** A request has at most this many bytes beside its events: stream name, correlation id, deadline. */
export const headBytes = 2_048;

const uuidBytes = 36;
/** Tag and length of a UUID message, and of the text in it, and the text. */
const uuidFieldBytes = 2 + 2 + uuidBytes;
const maxCachedTypes = 4096;
/** By type, the constant part of an event: content type and type as two entries of the message's metadata map. */
const typeEntries = new Map<string, { readonly json: Uint8Array; readonly binary: Uint8Array }>();

/** How many bytes one event takes in a request, its own tag and length included. */
export function proposedBytes(event: TargetEvent): number {
  const { data, metadata } = event;
  return fieldBytes(uuidFieldBytes + entriesOf(event).length + fieldBytes(metadata.length) + fieldBytes(data.length));
}

/** What an append request says beside its events. */
export interface AppendHead {
  readonly stream: string;
  /** The stream's last revision before the append; -1 for a new stream. */
  readonly expected: number;
}

/** What a BatchAppend request says beside its events. */
export interface BatchHead extends AppendHead {
  /** A UUID in text form; the answer repeats it. */
  readonly correlationId: string;
  /** How long the server may take, whole seconds; undefined for a server that does not know durations. */
  readonly deadlineSeconds?: number | undefined;
}

/** Writes one whole BatchAppend request (options, every event, `is_final`) to the end of `into`, and returns it. */
export function batchRequest(head: BatchHead, events: readonly TargetEvent[], into: Buffer): Buffer {
  let at = into.length;
  into[--at] = 0x01;
  into[--at] = 0x20;
  for (const event of backwards(events)) at = writeProposed(0x1a, event, into, at);
  const end = at;
  if (head.deadlineSeconds !== undefined) {
    at = writeVarint(head.deadlineSeconds, into, at);
    into[--at] = 0x08;
    at = writeFieldHead(0x3a, end - at, into, at);
  }
  at = writeStreamAndExpected(head, into, at);
  at = writeFieldHead(0x12, end - at, into, at);
  return into.subarray(writeUuid(0x0a, head.correlationId, into, at));
}

/** The messages of a plain Append call: the stream and the revision expected, then each event. */
export function plainRequest(head: AppendHead, { events, size }: MeasuredEvents): Buffer[] {
  const into = Buffer.allocUnsafeSlow(headBytes + size.sentBytes);
  const messages: Buffer[] = [];
  let end = into.length;
  for (const event of backwards(events)) {
    const at = writeProposed(0x12, event, into, end);
    messages.push(into.subarray(at, end));
    end = at;
  }
  const at = writeStreamAndExpected(head, into, end);
  messages.push(into.subarray(writeFieldHead(0x0a, end - at, into, at), end));
  return messages.reverse();
}

function* backwards(events: readonly TargetEvent[]): Generator<TargetEvent> {
  for (let index = events.length - 1; index >= 0; index--) {
    const event = events[index];
    if (event) yield event;
  }
}

function writeProposed(tag: number, event: TargetEvent, into: Buffer, end: number): number {
  let at = writeBytes(0x22, event.data, into, end);
  at = writeBytes(0x1a, event.metadata, into, at);
  const entries = entriesOf(event);
  at -= entries.length;
  into.set(entries, at);
  at = writeUuid(0x0a, event.id, into, at);
  return writeFieldHead(tag, end - at, into, at);
}

/** Most stores know few types: each is encoded once. The cache is emptied when a store proves to be otherwise. */
function entriesOf(event: TargetEvent): Uint8Array {
  let entries = typeEntries.get(event.type);
  if (entries === undefined) {
    if (typeEntries.size >= maxCachedTypes) typeEntries.clear();
    const type = mapEntry('type', event.type);
    entries = {
      json: Buffer.concat([mapEntry('content-type', 'application/json'), type]),
      binary: Buffer.concat([mapEntry('content-type', 'application/octet-stream'), type]),
    };
    typeEntries.set(event.type, entries);
  }
  return event.contentType === 'application/json' ? entries.json : entries.binary;
}

function mapEntry(key: string, value: string): Buffer {
  const name = Buffer.from(key);
  const text = Buffer.from(value);
  const into = Buffer.allocUnsafe(fieldBytes(fieldBytes(name.length) + fieldBytes(text.length)));
  const at = writeBytes(0x0a, name, into, writeBytes(0x12, text, into, into.length));
  writeFieldHead(0x12, into.length - at, into, at);
  return into;
}

function writeStreamAndExpected({ stream, expected }: AppendHead, into: Buffer, end: number): number {
  let at = end;
  if (expected === noStream) {
    into[--at] = 0x00;
    // guard: no-stream
    into[--at] = 0x1a;
  } else {
    at = writeVarint(expected, into, at);
    // guard: exact-revision
    into[--at] = 0x10;
  }
  const endOfName = at;
  at = writeBytes(0x1a, Buffer.from(stream), into, at);
  return writeFieldHead(0x0a, endOfName - at, into, at);
}

/** The text form: every server takes it, and it is one native write instead of thirty-two steps. */
function writeUuid(tag: number, id: string, into: Buffer, end: number): number {
  const at = end - uuidFieldBytes;
  into[at] = tag;
  into[at + 1] = 2 + uuidBytes;
  into[at + 2] = 0x12;
  into[at + 3] = uuidBytes;
  into.write(id, at + 4, uuidBytes, 'latin1');
  return at;
}

/** An empty field is left out, as proto3 does. */
function writeBytes(tag: number, bytes: Uint8Array, into: Buffer, end: number): number {
  if (bytes.length === 0) return end;
  const at = end - bytes.length;
  into.set(bytes, at);
  return writeFieldHead(tag, bytes.length, into, at);
}

/** Tag and length of a field whose content stands behind them. */
function writeFieldHead(tag: number, length: number, into: Buffer, end: number): number {
  const at = writeVarint(length, into, end) - 1;
  into[at] = tag;
  return at;
}

function fieldBytes(length: number): number {
  return length === 0 ? 0 : 1 + varintBytes(length) + length;
}

/** `value` is a non-negative safe integer. */
function writeVarint(value: number, into: Buffer, end: number): number {
  const start = end - varintBytes(value);
  let at = start;
  let rest = value;
  while (rest >= 0x80) {
    into[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  into[at] = rest;
  return start;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}
