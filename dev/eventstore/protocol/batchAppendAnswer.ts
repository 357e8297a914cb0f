import { status } from '@grpc/grpc-js';
import type { ExpectedRevision } from '../store/expectedRevision.js';
import { WireWriter } from './wire.js';
import type { WriteAnswer } from '../services/writeCall.js';

/** A `google.rpc.Status`: code = 1, message = 2, details (`Any`: type_url = 1, value = 2) = 3. */
function failed(
  code: status,
  message: string,
  detail: WireWriter,
  typeName = `event_store.client.${message}`,
): WireWriter {
  const any = new WireWriter().string(1, `type.googleapis.com/${typeName}`).message(2, detail);
  const answer = new WireWriter();
  if (code !== status.OK) answer.uint64(1, code);
  return answer.string(2, message).message(3, any);
}

export function badRequest(message: string): WireWriter {
  return failed(status.INVALID_ARGUMENT, 'BadRequest', new WireWriter().string(1, message));
}

export function timedOut(): WireWriter {
  return failed(status.DEADLINE_EXCEEDED, 'Timeout', new WireWriter());
}

export function tooLarge(limit: number): WireWriter {
  return failed(status.INVALID_ARGUMENT, 'MaximumAppendSizeExceeded', new WireWriter().uint64(1, limit));
}

export function eventTooLarge(eventId: string, size: number, limit: number): WireWriter {
  const detail = new WireWriter().string(1, eventId).uint64(2, size).uint64(3, limit);
  return failed(status.INVALID_ARGUMENT, 'MaximumAppendEventSizeExceeded', detail);
}

/** `StreamIdentifier`: stream_name = 3. */
export function streamIdentifier(stream: string): WireWriter {
  return new WireWriter().string(3, stream);
}

/** current_stream_revision = 1 or current_no_stream = 2; expected: position = 3, any = 4, stream exists = 5, none = 6. */
function wrongExpectedVersion(current: number, expected: ExpectedRevision): WireWriter {
  const detail = new WireWriter();
  if (current >= 0) detail.uint64(1, current);
  else detail.empty(2);
  if (expected.form === 'revision' && expected.value < 2n ** 63n) detail.uint64(3, expected.value);
  else if (expected.form === 'any') detail.empty(4);
  else if (expected.form === 'streamExists') detail.empty(5);
  else detail.empty(6);
  return failed(status.ALREADY_EXISTS, 'WrongExpectedVersion', detail);
}

/** current_revision = 1 or no_stream = 2; position (commit = 1, prepare = 2) = 3 or no_position = 4. */
export function success(revision: number, position: number | undefined): WireWriter {
  const answer = new WireWriter();
  if (revision >= 0) answer.uint64(1, revision);
  else answer.empty(2);
  if (position === undefined) return answer.empty(4);
  return answer.message(3, new WireWriter().uint64(1, position).uint64(2, position));
}

/** A `BatchAppendResp`: correlation_id = 1, error = 2, stream_identifier = 4. */
export function errorAnswer(correlation: Buffer | undefined, stream: string | undefined, error: WireWriter): Buffer {
  const answer = new WireWriter();
  if (correlation) answer.bytes(1, correlation);
  answer.message(2, error);
  if (stream !== undefined) answer.message(4, streamIdentifier(stream));
  return answer.finish();
}

/** The answer to a write that got as far as the writer. */
export function writeAnswer(
  correlation: Buffer,
  stream: string,
  expected: ExpectedRevision,
  answer: WriteAnswer,
): Buffer {
  switch (answer.kind) {
    case 'success':
      return new WireWriter()
        .bytes(1, correlation)
        .message(3, success(answer.revision, answer.position))
        .message(4, streamIdentifier(stream))
        .finish();
    case 'wrongExpectedVersion':
      return errorAnswer(correlation, stream, wrongExpectedVersion(answer.current, expected));
    case 'deleted':
      return errorAnswer(
        correlation,
        stream,
        failed(status.NOT_FOUND, 'StreamDeleted', new WireWriter().message(1, streamIdentifier(stream))),
      );
    case 'timeout':
      return errorAnswer(correlation, stream, timedOut());
    case 'notReady':
      return errorAnswer(
        correlation,
        stream,
        failed(status.OK, 'Server Is Not Ready', new WireWriter(), 'google.protobuf.Empty'),
      );
  }
}
