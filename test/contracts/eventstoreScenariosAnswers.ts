import { createHash } from 'node:crypto';
import type { AppendResp, BatchAppendResp, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import { sharedMessages as shared, streamsMessages as streams } from '../../dev/eventstore/protocol/protocol.js';
import { WireReader } from '../../dev/eventstore/protocol/wire.js';
import { streamText, uuidText, type Form, type Labels } from './eventstoreScenariosMessages.js';

/** 64-bit numbers are numbers as long as those are exact, then text. */
function integer(text: string): number | string {
  return Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

function formOf(bytes: Uint8Array): unknown {
  const buffer = Buffer.from(bytes);
  if (buffer.length <= 2048) return buffer.toString('base64');
  return { length: buffer.length, sha256: createHash('sha256').update(buffer).digest('hex') };
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
