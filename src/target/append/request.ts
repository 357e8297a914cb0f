import type { TargetEvent } from '../../core/record.js';
import { noStream } from '../target.js';

/**
 * The encoder of append requests: straight from an event's bytes to protobuf, without an object in between.
 *
 * Shapes: `event_store.client.streams.BatchAppendReq` and `AppendReq` of EventStoreDB's streams.proto; both hold the
 * same `ProposedMessage {UUID id = 1; map<string, string> metadata = 2; bytes custom_metadata = 3; bytes data = 4}`.
 */

/** The longest gRPC message that the server takes, in bytes; above it a BatchAppend call dies whole. */
export const maxRequestBytes = 16_767_216;

/** The constant part of an event: its content type and type as two entries of the message's metadata map. */
interface TypeEntries {
  readonly json: Uint8Array;
  readonly binary: Uint8Array;
}

const uuidBytes = 36;
/** Tag and length of a UUID message, and of the text in it, and the text. */
const uuidFieldBytes = 2 + 2 + uuidBytes;
const maxCachedTypes = 4096;
const typeEntries = new Map<string, TypeEntries>();

/** How many bytes one event takes in a request, its own tag and length included. */
export function proposedBytes(event: TargetEvent): number {
  const body = proposedBodyBytes(event);
  return 1 + varintBytes(body) + body;
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

/** How many bytes the events take in a request. */
export function eventsBytes(events: readonly TargetEvent[]): number {
  let bytes = 0;
  for (const event of events) bytes += proposedBytes(event);
  return bytes;
}

/** How many bytes {@link writeBatchRequest} will write; `ofEvents` is what {@link eventsBytes} says of them. */
export function batchRequestBytes(head: BatchHead, ofEvents: number): number {
  const options = batchOptionsBytes(head);
  return uuidFieldBytes + 1 + varintBytes(options) + options + ofEvents + 2;
}

/**
 * Writes one whole BatchAppend request (options, every event, `is_final`) to the beginning of `into`.
 *
 * @returns the bytes written; always what {@link batchRequestBytes} says
 */
export function writeBatchRequest(head: BatchHead, events: readonly TargetEvent[], into: Buffer): number {
  let at = writeUuid(0x0a, head.correlationId, into, 0);
  into[at++] = 0x12;
  at = writeVarint(batchOptionsBytes(head), into, at);
  at = writeStreamAndExpected(head, into, at);
  if (head.deadlineSeconds !== undefined) {
    into[at++] = 0x3a;
    into[at++] = 1 + varintBytes(head.deadlineSeconds);
    into[at++] = 0x08;
    at = writeVarint(head.deadlineSeconds, into, at);
  }
  for (const event of events) at = writeProposed(0x1a, event, into, at);
  into[at++] = 0x20;
  into[at++] = 0x01;
  return at;
}

/** The first message of a plain Append call: the stream and the revision expected. */
export function appendOptions(head: AppendHead): Buffer {
  const options = streamAndExpectedBytes(head);
  const into = Buffer.allocUnsafe(1 + varintBytes(options) + options);
  into[0] = 0x0a;
  writeStreamAndExpected(head, into, writeVarint(options, into, 1));
  return into;
}

/** One event as a message of a plain Append call. */
export function appendProposed(event: TargetEvent): Buffer {
  const into = Buffer.allocUnsafe(proposedBytes(event));
  writeProposed(0x12, event, into, 0);
  return into;
}

function writeProposed(tag: number, event: TargetEvent, into: Buffer, start: number): number {
  into[start] = tag;
  let at = writeVarint(proposedBodyBytes(event), into, start + 1);
  at = writeUuid(0x0a, event.id, into, at);
  const entries = entriesOf(event);
  into.set(entries, at);
  at += entries.length;
  at = writeBytes(0x1a, event.metadata, into, at);
  return writeBytes(0x22, event.data, into, at);
}

function proposedBodyBytes(event: TargetEvent): number {
  return (
    uuidFieldBytes +
    entriesOf(event).length +
    bytesFieldBytes(event.metadata.length) +
    bytesFieldBytes(event.data.length)
  );
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
  const body = bytesFieldBytes(name.length) + bytesFieldBytes(text.length);
  const into = Buffer.alloc(1 + varintBytes(body) + body);
  into[0] = 0x12;
  writeBytes(0x12, text, into, writeBytes(0x0a, name, into, writeVarint(body, into, 1)));
  return into;
}

function batchOptionsBytes(head: BatchHead): number {
  const deadline = head.deadlineSeconds === undefined ? 0 : 3 + varintBytes(head.deadlineSeconds);
  return streamAndExpectedBytes(head) + deadline;
}

function streamAndExpectedBytes({ stream, expected }: AppendHead): number {
  const identifier = bytesFieldBytes(Buffer.byteLength(stream));
  return bytesFieldBytes(identifier) + (expected === noStream ? 2 : 1 + varintBytes(expected));
}

function writeStreamAndExpected({ stream, expected }: AppendHead, into: Buffer, start: number): number {
  const name = Buffer.from(stream);
  into[start] = 0x0a;
  let at = writeVarint(bytesFieldBytes(name.length), into, start + 1);
  at = writeBytes(0x1a, name, into, at);
  if (expected === noStream) {
    // guard: no-stream
    into[at++] = 0x1a;
    into[at++] = 0x00;
    return at;
  }
  // guard: exact-revision
  into[at++] = 0x10;
  return writeVarint(expected, into, at);
}

/** The text form: every server takes it, and it is one native write instead of thirty-two steps. */
function writeUuid(tag: number, id: string, into: Buffer, at: number): number {
  into[at] = tag;
  into[at + 1] = 2 + uuidBytes;
  into[at + 2] = 0x12;
  into[at + 3] = uuidBytes;
  into.write(id, at + 4, uuidBytes, 'latin1');
  return at + uuidFieldBytes;
}

/** An empty field is left out, as proto3 does. */
function writeBytes(tag: number, bytes: Uint8Array, into: Buffer, start: number): number {
  if (bytes.length === 0) return start;
  into[start] = tag;
  const at = writeVarint(bytes.length, into, start + 1);
  into.set(bytes, at);
  return at + bytes.length;
}

function bytesFieldBytes(length: number): number {
  return length === 0 ? 0 : 1 + varintBytes(length) + length;
}

/** `value` is a non-negative safe integer. */
function writeVarint(value: number, into: Buffer, start: number): number {
  let at = start;
  let rest = value;
  while (rest >= 0x80) {
    into[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  into[at++] = rest;
  return at;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}
