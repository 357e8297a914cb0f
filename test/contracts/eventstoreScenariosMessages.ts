import type { AppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { sharedMessages as shared, streamsMessages as streams } from '../../dev/eventstore/protocol/protocol.js';
import { WireWriter } from '../../dev/eventstore/protocol/wire.js';

/** A value as the recording writes it. */
export type Form = Record<string, unknown>;
export type Bytes = string | { byte: number; length: number } | undefined;

/** The names that the recording gives to UUIDs. */
export interface Labels {
  uuidOf(label: string): string;
  labelOf(uuid: string): string;
}

export function labelsOf(ids: Readonly<Record<string, string>>): Labels {
  const byUuid = new Map(Object.entries(ids).map(([label, uuid]) => [uuid, label]));
  return { uuidOf: (label) => ids[label] ?? label, labelOf: (uuid) => byUuid.get(uuid) ?? uuid };
}

export function bytesOf(form: Bytes): Buffer {
  if (form === undefined) return Buffer.alloc(0);
  return typeof form === 'string' ? Buffer.from(form, 'base64') : Buffer.alloc(form.length, form.byte);
}

export function uuidMessage(text: string, form = 'string') {
  const message = new shared.UUID();
  if (form === 'unset') return message;
  if (form === 'string') return message.setString(text);
  const hex = text.replaceAll('-', '');
  const half = (from: number): string => BigInt.asIntN(64, BigInt(`0x${hex.slice(from, from + 16)}`)).toString();
  return message.setStructured(
    new shared.UUID.Structured().setMostSignificantBits(half(0)).setLeastSignificantBits(half(16)),
  );
}

export function uuidText(message: InstanceType<typeof shared.UUID>): string {
  if (!message.hasStructured()) return message.getString();
  const structured = message.getStructured();
  const half = (text = '0'): string => BigInt.asUintN(64, BigInt(text)).toString(16).padStart(16, '0');
  const hex = half(structured?.getMostSignificantBits()) + half(structured?.getLeastSignificantBits());
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The stream's identifier; undefined where it is not to be set. */
export function identifier({ stream, streamBytes }: Form) {
  if (typeof streamBytes === 'string')
    return new shared.StreamIdentifier().setStreamName(Buffer.from(streamBytes, 'base64'));
  if (typeof stream !== 'string') return undefined;
  return new shared.StreamIdentifier().setStreamName(Buffer.from(stream));
}

export function streamText(message: InstanceType<typeof shared.StreamIdentifier> | undefined): string | null {
  return message ? Buffer.from(message.getStreamName_asU8()).toString() : null;
}

/** Options of Append, Delete and Tombstone: the same fields in each. */
export function setTarget<T extends AppendReq.Options>(options: T, form: Form): T {
  options.setStreamIdentifier(identifier(form));
  const { expected } = form;
  if (expected === 'any') options.setAny(new shared.Empty());
  else if (expected === 'noStream') options.setNoStream(new shared.Empty());
  else if (expected === 'streamExists') options.setStreamExists(new shared.Empty());
  else if (typeof expected === 'number' || typeof expected === 'string') options.setRevision(String(expected));
  return options;
}

/** A proposed event; the message is the same for Append and BatchAppend. */
export function proposed(event: Form, labels: Labels) {
  const message = new streams.AppendReq.ProposedMessage();
  if (event['idForm'] !== 'none')
    message.setId(uuidMessage(labels.uuidOf(String(event['id'])), event['idForm'] as string | undefined));
  const { type, contentType, extraMetadata } = event;
  if (typeof type === 'string') message.getMetadataMap().set('type', type);
  if (typeof contentType === 'string') message.getMetadataMap().set('content-type', contentType);
  for (const [key, value] of Object.entries((extraMetadata ?? {}) as Record<string, string>))
    message.getMetadataMap().set(key, value);
  message.setData(bytesOf(event['data'] as Bytes));
  message.setCustomMetadata(bytesOf(event['customMetadata'] as Bytes));
  return message;
}

/** A `BatchAppendReq`. The deadline as a duration is newer than the generated classes, so options are put together here. */
export function batchAppendRequest(form: Form, labels: Labels, nowMs: number): Buffer {
  const request = new WireWriter();
  const { correlation, correlationForm, options, events, final } = form;
  if (correlationForm !== 'none' && typeof correlation === 'string')
    request.bytes(1, uuidMessage(labels.uuidOf(correlation), correlationForm as string | undefined).serializeBinary());
  if (options) request.bytes(2, batchOptions(options as Form, nowMs));
  for (const event of (events ?? []) as Form[]) request.bytes(3, proposed(event, labels).serializeBinary());
  if (final === true) request.bool(4, true);
  return request.finish();
}

function batchOptions(form: Form, nowMs: number): Buffer {
  const options = new WireWriter();
  const stream = identifier(form);
  if (stream) options.bytes(1, stream.serializeBinary());
  const { expected, deadline } = form;
  if (expected === 'noStream') options.empty(3);
  else if (expected === 'any') options.empty(4);
  else if (expected === 'streamExists') options.empty(5);
  else if (typeof expected === 'number' || typeof expected === 'string') options.uint64(2, BigInt(expected));
  const limit = deadline as { form: 'timestamp' | 'duration'; ms: number } | undefined;
  if (limit)
    options.message(
      limit.form === 'timestamp' ? 6 : 7,
      timeMessage(limit.form === 'timestamp' ? nowMs + limit.ms : limit.ms),
    );
  return options.finish();
}

/** `Timestamp` or `Duration`: seconds = 1, nanos = 2. */
function timeMessage(ms: number): WireWriter {
  const seconds = Math.trunc(ms / 1000);
  const nanos = (ms - seconds * 1000) * 1e6;
  const time = new WireWriter();
  if (seconds !== 0) time.uint64(1, BigInt(seconds));
  if (nanos !== 0) time.uint64(2, BigInt(nanos));
  return time;
}
