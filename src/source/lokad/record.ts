import { isUtf8 } from 'node:buffer';

import type { ReadPoint, SourceState } from '../../core/cursor.js';
import type { SourceMessage, SourceMessages, SourcePayload, SourceRecord } from '../../core/record.js';
import { sha1Bytes, type ParsedFrame } from './frame.js';

/** Where a frame was found. */
export interface FramePlace {
  readonly chunk: string;
  /** Offset in the chunk of the first byte of the buffer. */
  readonly bufferAt: number;
  readonly position: number;
  readonly returnTo: ReadPoint | undefined;
  readonly memory?: SourceState | undefined;
}

/** The record of a valid frame that starts at `start` of `bytes`; it holds views on `bytes`. */
export function toRecord(bytes: Buffer, start: number, frame: ParsedFrame, place: FramePlace): SourceRecord {
  const record = {
    position: place.position,
    key: readKey(bytes, frame.keyStart, frame.keyEnd),
    stamp: bytes.readBigInt64LE(start),
    payload: readPayload(bytes, frame.payloadStart, frame.payloadEnd),
    chunk: place.chunk,
    offset: place.bufferAt + start,
    frameBytes: frame.end - start,
    sha1: bytes.subarray(frame.payloadEnd, frame.payloadEnd + sha1Bytes),
    memory: place.memory,
  };
  return place.returnTo ? { ...record, returnTo: place.returnTo } : record;
}

const replacement = '\ufffd';

function readKey(bytes: Buffer, start: number, end: number): string {
  const ascii = bytes.toString('latin1', start, end);
  if (isAscii(ascii)) return ascii;
  const text = bytes.toString('utf8', start, end);
  if (!text.includes(replacement) || isUtf8(bytes.subarray(start, end))) return text;
  return `hex:${bytes.toString('hex', start, end)}`;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

/** What .NET's BinaryFormatter writes first: the header record of an MS-NRBF stream. */
const binaryFormatterHeader = Buffer.from('0001000000ffffffff0100000000000000', 'hex');

/**
 * Reads a frame's payload: a Lokad.CQRS MessageStore batch, or bytes that are left alone. A batch is what has no
 * BinaryFormatter header, names every contract, has attributes in UTF-8 and ends exactly where the payload ends.
 *
 * varint attribute count; per attribute: nstr name, nstr value
 * varint message count; per message: nstr contract, varint body length, body
 *
 * @returns views on `bytes`
 */
export function readPayload(bytes: Buffer, start: number, end: number): SourcePayload {
  return readBatch(bytes, start, end) ?? { kind: 'opaque', bytes: bytes.subarray(start, end) };
}

function readBatch(bytes: Buffer, start: number, end: number): SourcePayload | undefined {
  if (hasHeader(bytes, start, end)) return undefined;
  reader.bytes = bytes;
  reader.at = start;
  reader.end = end;
  const attributes = readAttributes();
  const messages = attributes && readMessages();
  // guard: batch-to-its-last-byte
  return messages && reader.at === end ? { kind: 'batch', attributes, messages } : undefined;
}

function hasHeader(bytes: Buffer, start: number, end: number): boolean {
  // Nearly all batches start with a zero too: one more byte tells them apart before all are compared.
  if (bytes[start] !== 0 || bytes[start + 5] !== 0xff) return false;
  const headerEnd = start + binaryFormatterHeader.length;
  return headerEnd <= end && bytes.compare(binaryFormatterHeader, 0, undefined, start, headerEnd) === 0;
}

const none: readonly (readonly [string, string])[] = [];

function readAttributes(): readonly (readonly [string, string])[] | undefined {
  const count = readVarint();
  if (count === 0) return none;
  if (count < 0 || count * 2 > reader.end - reader.at) return undefined;
  const attributes: [string, string][] = [];
  for (let index = 0; index < count; index++) {
    const name = readText();
    const value = name === undefined ? undefined : readText();
    if (name === undefined || value === undefined) return undefined;
    attributes.push([name, value]);
  }
  return attributes;
}

/** The views on the messages of a record are kept for at most so many: each takes a hundred times the shortest message. */
const maxHeldMessages = 1_000;

function readMessages(): SourceMessages | undefined {
  const count = readVarint();
  if (count < 0 || count * 3 > reader.end - reader.at) return undefined;
  const start = reader.at;
  const messages: SourceMessage[] = [];
  for (let index = 0; index < count; index++) {
    const message = readMessage();
    if (message === undefined) return undefined;
    if (count <= maxHeldMessages) messages.push(message);
  }
  return count <= maxHeldMessages ? messages : new MessagesOnDemand(reader.bytes, start, count);
}

function readMessage(): SourceMessage | undefined {
  const contract = readBytes();
  // guard: contract-of-a-message
  if (contract === undefined || contract.length === 0) return undefined;
  const body = readBytes();
  return body && { contract, body };
}

/** Messages that were found to be whole, read again when they are asked for; in order, each takes the same time. */
class MessagesOnDemand implements SourceMessages {
  /** The message that was asked for last, and where it stands. */
  private index = 0;
  private offset: number;

  constructor(
    private readonly bytes: Buffer,
    private readonly start: number,
    readonly length: number,
  ) {
    this.offset = start;
  }

  at(index: number): SourceMessage | undefined {
    if (index >= this.length) return undefined;
    if (index < this.index) {
      this.index = 0;
      this.offset = this.start;
    }
    reader.bytes = this.bytes;
    reader.at = this.offset;
    reader.end = this.bytes.length;
    for (; this.index < index; this.index++) readMessage();
    this.offset = reader.at;
    return readMessage();
  }

  *[Symbol.iterator](): Generator<SourceMessage, undefined> {
    for (let index = 0; index < this.length; index++) {
      const message = this.at(index);
      if (message) yield message;
    }
    return undefined;
  }
}

/** Where reading stands; one for all payloads, since reading never waits. */
const reader: { bytes: Buffer; at: number; end: number } = { bytes: Buffer.alloc(0), at: 0, end: 0 };

/** A 7-bit encoded int, or -1 when none stands here. */
function readVarint(): number {
  let value = 0;
  for (let index = 0; index < 5 && reader.at < reader.end; index++) {
    const byte = reader.bytes[reader.at++] ?? 0;
    if (index === 4 && byte > 0x07) return -1;
    value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) return value;
  }
  return -1;
}

function readBytes(): Buffer | undefined {
  const length = readVarint();
  if (length < 0 || length > reader.end - reader.at) return undefined;
  const start = reader.at;
  reader.at += length;
  return reader.bytes.subarray(start, reader.at);
}

function readText(): string | undefined {
  const text = readBytes();
  return text && isUtf8(text) ? text.toString('utf8') : undefined;
}
