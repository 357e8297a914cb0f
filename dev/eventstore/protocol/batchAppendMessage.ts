import type { ExpectedRevision } from '../store/expectedRevision.js';
import { WireReader } from './wire.js';

/** The options of an append, from its first message. */
export interface BatchAppendOptions {
  /** Undefined if the identifier is not set. */
  readonly stream: string | undefined;
  readonly expected: ExpectedRevision;
  /** The longest that the client wants to wait, from now. */
  readonly timeoutMs: number | undefined;
}

/** One `BatchAppendReq`. Only the parts that the server needs are parsed. */
export interface BatchAppendMessage {
  /** The UUID message as it was sent. */
  readonly correlation: Buffer | undefined;
  readonly options: BatchAppendOptions | undefined;
  /** Start and end of each proposed event in `bytes`, one after the other. */
  readonly events: readonly number[];
  readonly bytes: Buffer;
  readonly isFinal: boolean;
}

/** Fields: correlation_id = 1, options = 2, proposed_messages = 3, is_final = 4. Throws `MalformedMessage`. */
export function readBatchAppend(bytes: Buffer, nowMs: number): BatchAppendMessage {
  const reader = new WireReader(bytes);
  const events: number[] = [];
  let correlation: Buffer | undefined;
  let options: BatchAppendOptions | undefined;
  let isFinal = false;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x1a) {
      const end = reader.enter();
      events.push(reader.position, end);
      reader.position = end;
    } else if (tag === 0x0a) correlation = reader.slice();
    else if (tag === 0x12) options = readOptions(reader.nested(), nowMs);
    else if (tag === 0x20) isFinal = reader.uint32() !== 0;
    else reader.skip(tag & 7);
  }
  return { correlation, options, events, bytes, isFinal };
}

/** stream_identifier = 1, stream_position = 2, no_stream = 3, any = 4, stream_exists = 5, deadline = 6 or 7. */
function readOptions(reader: WireReader, nowMs: number): BatchAppendOptions {
  let stream: string | undefined;
  let expected: ExpectedRevision = { form: 'notSet' };
  let timeoutMs: number | undefined;
  while (reader.more) {
    const tag = reader.tag();
    switch (tag) {
      case 0x0a:
        stream = readStreamName(reader.nested());
        break;
      case 0x10:
        expected = { form: 'revision', value: reader.uint64() };
        break;
      case 0x1a:
      case 0x22:
      case 0x2a:
        reader.skip(tag & 7);
        expected = { form: tag === 0x1a ? 'noStream' : tag === 0x22 ? 'any' : 'streamExists' };
        break;
      case 0x32:
        timeoutMs = readTime(reader.nested()) - nowMs;
        break;
      case 0x3a:
        timeoutMs = readTime(reader.nested());
        break;
      default:
        reader.skip(tag & 7);
    }
  }
  return { stream, expected, timeoutMs };
}

/** `StreamIdentifier`: stream_name = 3. Bytes that are not UTF-8 become the replacement character. */
export function readStreamName(reader: WireReader): string {
  let name = '';
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x1a) name = reader.slice().toString();
    else reader.skip(tag & 7);
  }
  return name;
}

/** `Timestamp` or `Duration`: seconds = 1, nanos = 2; in milliseconds. */
function readTime(reader: WireReader): number {
  let ms = 0;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x08) ms += Number(BigInt.asIntN(64, reader.uint64())) * 1000;
    else if (tag === 0x10) ms += Number(BigInt.asIntN(64, reader.uint64())) / 1e6;
    else reader.skip(tag & 7);
  }
  return ms;
}
