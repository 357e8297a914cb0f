import { createHash } from 'node:crypto';
import type { AppendReq, AppendResp, BatchAppendResp, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { sharedMessages as shared, streamsMessages as streams } from '../../dev/eventstore/protocol/protocol.js';
import { WireReader, WireWriter } from '../../dev/eventstore/protocol/wire.js';

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

/** 64-bit numbers are numbers as long as those are exact, then text. */
export function integer(text: string): number | string {
  return Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

export function bytesOf(form: Bytes): Buffer {
  if (form === undefined) return Buffer.alloc(0);
  return typeof form === 'string' ? Buffer.from(form, 'base64') : Buffer.alloc(form.length, form.byte);
}

function formOf(bytes: Uint8Array): unknown {
  const buffer = Buffer.from(bytes);
  if (buffer.length <= 2048) return buffer.toString('base64');
  return { length: buffer.length, sha256: createHash('sha256').update(buffer).digest('hex') };
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

export function appendForm(response: AppendResp): Form {
  const success = response.getSuccess();
  if (success) return { result: 'success', success: successForm(success) };
  const wrong = response.getWrongExpectedVersion();
  if (!wrong) return {};
  // The generated classes read these two as doubles.
  const double = (value: number): unknown =>
    ({ [2 ** 63]: '9223372036854775807', [2 ** 64]: '18446744073709551615' })[value] ?? value;
  return {
    result: 'wrongExpectedVersion',
    wrongExpectedVersion: {
      ...(wrong.hasCurrentRevision2060() && { currentRevision_20_6_0: double(wrong.getCurrentRevision2060()) }),
      ...(wrong.hasNoStream2060() && { noStream_20_6_0: true }),
      ...(wrong.hasExpectedRevision2060() && { expectedRevision_20_6_0: double(wrong.getExpectedRevision2060()) }),
      ...(wrong.hasAny2060() && { any_20_6_0: true }),
      ...(wrong.hasStreamExists2060() && { streamExists_20_6_0: true }),
      ...(wrong.hasCurrentRevision() && { currentRevision: integer(wrong.getCurrentRevision()) }),
      ...(wrong.hasCurrentNoStream() && { currentNoStream: true }),
      ...(wrong.hasExpectedRevision() && { expectedRevision: integer(wrong.getExpectedRevision()) }),
      ...(wrong.hasExpectedAny() && { expectedAny: true }),
      ...(wrong.hasExpectedStreamExists() && { expectedStreamExists: true }),
      ...(wrong.hasExpectedNoStream() && { expectedNoStream: true }),
    },
  };
}

function successForm(success: AppendResp.Success | BatchAppendResp.Success): Form {
  return {
    ...(success.hasCurrentRevision() && { currentRevision: integer(success.getCurrentRevision()) }),
    ...(success.hasNoStream() && { noStream: true }),
    ...(success.hasPosition() && { position: '*' }),
    ...(success.hasNoPosition() && { noPosition: true }),
  };
}

export function batchAppendForm(response: BatchAppendResp, labels: Labels, codeName: (code: number) => string): Form {
  const correlation = response.getCorrelationId();
  const success = response.getSuccess();
  const error = response.getError();
  const detail = error?.getDetails();
  return {
    correlation: correlation ? labels.labelOf(uuidText(correlation)) : null,
    ...(correlation && {
      correlationForm: correlation.hasStructured() ? 'structured' : correlation.hasString() ? 'string' : 'unset',
    }),
    stream: streamText(response.getStreamIdentifier()),
    ...(success && { success: successForm(success) }),
    ...(error && {
      error: {
        code: error.getCode(),
        codeName: codeName(error.getCode()),
        message: error.getMessage(),
        ...(detail && {
          detail: { typeUrl: detail.getTypeUrl(), fields: detailFields(detail.getTypeUrl(), detail.getValue_asU8()) },
        }),
      },
    }),
  };
}

function detailFields(typeUrl: string, bytes: Uint8Array): Form {
  switch (typeUrl.slice(typeUrl.lastIndexOf('.') + 1)) {
    case 'WrongExpectedVersion': {
      const wrong = shared.WrongExpectedVersion.deserializeBinary(bytes);
      return {
        ...(wrong.hasCurrentStreamRevision() && { currentStreamRevision: integer(wrong.getCurrentStreamRevision()) }),
        ...(wrong.hasCurrentNoStream() && { currentNoStream: true }),
        ...(wrong.hasExpectedStreamPosition() && {
          expectedStreamPosition: integer(wrong.getExpectedStreamPosition()),
        }),
        ...(wrong.hasExpectedAny() && { expectedAny: true }),
        ...(wrong.hasExpectedStreamExists() && { expectedStreamExists: true }),
        ...(wrong.hasExpectedNoStream() && { expectedNoStream: true }),
      };
    }
    case 'StreamDeleted':
      return { stream: streamText(shared.StreamDeleted.deserializeBinary(bytes).getStreamIdentifier()) };
    case 'MaximumAppendSizeExceeded':
      return { maxAppendSize: shared.MaximumAppendSizeExceeded.deserializeBinary(bytes).getMaxappendsize() };
    case 'BadRequest':
      return { message: shared.BadRequest.deserializeBinary(bytes).getMessage() };
    default:
      return new WireReader(Buffer.from(bytes)).more ? { bytes: Buffer.from(bytes).toString('base64') } : {};
  }
}

/** All answers to one read. */
export function readForm(responses: readonly ReadResp[], labels: Labels): Form {
  const { ContentCase } = streams.ReadResp;
  const of = (content: ReadResp.ContentCase): ReadResp[] =>
    responses.filter((response) => response.getContentCase() === content);
  const first = of(ContentCase.FIRST_STREAM_POSITION).map((response) => integer(response.getFirstStreamPosition()));
  const last = of(ContentCase.LAST_STREAM_POSITION).map((response) => integer(response.getLastStreamPosition()));
  const missing = of(ContentCase.STREAM_NOT_FOUND).map((response) =>
    streamText(response.getStreamNotFound()?.getStreamIdentifier()),
  );
  return {
    events: of(ContentCase.EVENT).map((response) => {
      const event = response.getEvent();
      return {
        event: recordedForm(event?.getEvent(), labels),
        link: recordedForm(event?.getLink(), labels),
        ...(event?.hasCommitPosition() && { commitPosition: '*' }),
        ...(event?.hasNoPosition() && { noPosition: true }),
      };
    }),
    ...(missing.length > 0 && { streamNotFound: missing[0] }),
    ...(first.length > 0 && { firstStreamPositions: first }),
    ...(last.length > 0 && { lastStreamPosition: last[0] }),
    messages: runs(responses.map((response) => kindOf(response))),
  };
}

function kindOf(response: ReadResp): string {
  const [name = 'nothing'] =
    Object.entries(streams.ReadResp.ContentCase).find(
      ([, value]) => Number(value) === Number(response.getContentCase()),
    ) ?? [];
  return name.toLowerCase().replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** `event event event` becomes `event x3`. */
function runs(kinds: readonly string[]): string[] {
  const groups: { kind: string; count: number }[] = [];
  for (const kind of kinds) {
    const last = groups.at(-1);
    if (last?.kind === kind) last.count++;
    else groups.push({ kind, count: 1 });
  }
  return groups.map(({ kind, count }) => (count > 1 ? `${kind} x${count}` : kind));
}

function recordedForm(event: ReadResp.ReadEvent.RecordedEvent | undefined, labels: Labels): Form | null {
  if (!event) return null;
  const id = event.getId();
  const metadata = event.getMetadataMap();
  const metadataKeys = [...metadata.keys()] as string[];
  return {
    id: id ? labels.labelOf(uuidText(id)) : null,
    stream: streamText(event.getStreamIdentifier()),
    revision: integer(event.getStreamRevision()),
    type: metadata.get('type'),
    contentType: metadata.get('content-type'),
    metadataKeys: metadataKeys.sort(),
    data: formOf(event.getData_asU8()),
    customMetadata: formOf(event.getCustomMetadata_asU8()),
    preparePosition: '*',
    commitPosition: '*',
    ...(id?.hasStructured() && { idForm: 'structured' }),
  };
}
