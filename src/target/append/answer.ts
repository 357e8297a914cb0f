import sharedMessages from '@eventstore/db-client/generated/shared_pb.js';
import type { UUID, WrongExpectedVersion } from '@eventstore/db-client/generated/shared_pb.js';
import type { Status } from '@eventstore/db-client/generated/status_pb.js';
import streamsMessages from '@eventstore/db-client/generated/streams_pb.js';
import type { BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import { Failure } from '../../core/failure.js';
import { nodeName } from '../connect/connectionString.js';
import type { AppendLimit } from './limit.js';
import { type AppendSize, noStream } from '../target.js';
import { accessDenied, asCallError, type Doing, namedLeader, refused, targetFailure, trailerOf } from '../failure.js';

/** What must be known of an append to understand its answer. It does not hold the events: there may be thousands. */
export interface AppendQuestion {
  readonly stream: string;
  readonly size: AppendSize;
  /** The stream's last revision before the append. */
  readonly expected: number;
  /** The only revision that a success may name. */
  readonly must: number;
  readonly doing: Doing;
  /** Learns the limit that the server names. */
  readonly limit: AppendLimit;
}

/** Decodes an answer of a BatchAppend call. @throws Error on bytes that are no such answer */
export function readBatchAnswer(bytes: Buffer): { correlationId: string; answer: BatchAppendResp } {
  const answer = streamsMessages.BatchAppendResp.deserializeBinary(bytes);
  return { correlationId: uuidText(answer.getCorrelationId()), answer };
}

/** What a success says in both kinds of append; the position is that of the events in the server's log. */
type AppendSuccess = Pick<BatchAppendResp.Success, 'hasCurrentRevision' | 'getCurrentRevision' | 'hasPosition'>;

/**
 * The stream's last revision after the append.
 *
 * A success without a position means that the server recognised the events as a repeat of events that cannot be read
 * any more: it stored nothing.
 *
 * @throws Failure `TargetTruncated`, or `TargetRefused` when the revision is not the one that must come
 */
export function confirmedRevision(success: AppendSuccess, question: AppendQuestion): number {
  const { stream, expected, must, doing } = question;
  const revision = success.hasCurrentRevision() ? success.getCurrentRevision() : '';
  // guard: success-without-a-position
  if (!success.hasPosition()) {
    throw new Failure(
      'TargetTruncated',
      `Stream ${stream} answered an append after revision ${expected} without storing it: it was deleted or truncated.`,
      { stream, expected, revision },
    );
  }
  // guard: revision-of-a-success
  if (revision !== String(must)) {
    const { message } = refused(doing, `it claims revision ${revision || 'none'} where ${must} must come`);
    throw new Failure('TargetRefused', message, { stream, expected, revision, must });
  }
  return must;
}

/** The revision that a BatchAppend answer confirms. @throws Failure of the kind that the answer's status means */
export function batchRevision(answer: BatchAppendResp, question: AppendQuestion): number {
  const success = answer.getSuccess();
  if (success !== undefined) return confirmedRevision(success, question);
  const error = answer.getError();
  if (error === undefined) throw uncertain(question, 'the answer says neither success nor error');
  throw statusFailure(error, question);
}

/** What the status of one append in a BatchAppend call means. Each detail is a message of shared.proto. */
function statusFailure(status: Status, question: AppendQuestion): Failure {
  const { doing } = question;
  const detail = status.getDetails();
  const text = status.getMessage();
  switch (detail?.getTypeName()) {
    case 'event_store.client.WrongExpectedVersion': {
      const wrong = sharedMessages.WrongExpectedVersion.deserializeBinary(detail.getValue_asU8());
      return wrongExpectedRevision(question, currentRevision(wrong));
    }
    case 'event_store.client.StreamDeleted':
      return streamDeleted(question);
    case 'event_store.client.AccessDenied':
      return accessDenied(doing, text || 'access denied');
    case 'event_store.client.MaximumAppendSizeExceeded': {
      const named = sharedMessages.MaximumAppendSizeExceeded.deserializeBinary(detail.getValue_asU8());
      return appendTooLarge(question, named.getMaxappendsize());
    }
    case 'event_store.client.MaximumAppendEventSizeExceeded':
      // {event id = 1, proposed size = 2, limit = 3}; the client library does not know this message.
      return eventTooLarge(question, lastVarint(detail.getValue_asU8()));
    case 'event_store.client.BadRequest':
    case 'event_store.client.InvalidTransaction':
      return refused(doing, text || 'bad request');
    case undefined:
    default:
      // Timeout, Unknown, "Server Is Busy", "Server Is Not Ready": it may have been written.
      return uncertain(question, text || 'the server gave no reason');
  }
}

/** What a failure of the call itself means for an append that was in flight on it. */
export function callFailure(error: unknown, question: AppendQuestion): Failure {
  const { stream, expected, doing } = question;
  if (!asCallError(error)) return uncertain(question, error instanceof Error ? error.message : String(error), error);
  const leader = namedLeader(error);
  if (leader !== undefined) return uncertain(question, `the leader is now ${nodeName(leader)}`, error);
  switch (trailerOf(error, 'exception')) {
    case 'stream-deleted':
      return streamDeleted(question);
    case 'wrong-expected-version':
      return wrongExpectedRevision(question, trailerOf(error, 'actual-version') ?? 'unknown');
    case 'maximum-append-size-exceeded':
      return appendTooLarge(question, Number(trailerOf(error, 'maximum-append-size') ?? 0));
    case 'maximum-append-event-size-exceeded':
      return eventTooLarge(question, Number(trailerOf(error, 'maximum-append-event-size')));
    case undefined:
    default:
  }
  const failure = targetFailure(error, doing);
  if (failure.kind === 'TargetAccessDenied' || failure.policy === 'resume') return failure;
  return new Failure('AppendUncertain', failure.message, { stream, expected }, { cause: failure });
}

/** The append may or may not have been written. */
export function uncertain({ stream, expected, doing }: AppendQuestion, why: string, cause?: unknown): Failure {
  return new Failure(
    'AppendUncertain',
    `It is not known whether EventStoreDB at ${doing.server} wrote the append after revision ${expected} of stream ${stream}: ${why}.`,
    { stream, expected },
    { cause },
  );
}

/** Another writer was there first, or the answer to an earlier try was lost. */
export function wrongExpectedRevision({ stream, expected }: AppendQuestion, actual: string): Failure {
  const words = (revision: string): string => (revision === String(noStream) ? 'no stream' : `revision ${revision}`);
  return new Failure(
    'WrongExpectedRevision',
    `Stream ${stream} is at ${words(actual)}, not at ${words(String(expected))}.`,
    { stream, expected, actual },
  );
}

function streamDeleted({ stream, expected }: AppendQuestion): Failure {
  return new Failure('TargetDeleted', `Stream ${stream} is deleted for good.`, { stream, expected });
}

function appendTooLarge(question: AppendQuestion, named: number): Failure {
  const { size, doing, limit } = question;
  if (!(named > 0 && named < size.bytes)) {
    return refused(doing, `an append of ${size.bytes} bytes exceeds the limit that it names, ${named} bytes`);
  }
  limit.lower(named);
  return takesLess(question, 'append', size.bytes, named);
}

/** Learns the limit of one event like that of an append: the next try finds the event before it is sent. */
function eventTooLarge(question: AppendQuestion, named: number): Failure {
  const { size, doing, limit } = question;
  if (!(named > 0 && named < size.maxBytes)) {
    return refused(doing, `an event of at most ${size.maxBytes} bytes exceeds the limit that it names, ${named} bytes`);
  }
  limit.lowerForEvents(named);
  return takesLess(question, 'event', size.maxBytes, named);
}

function takesLess({ stream, doing }: AppendQuestion, what: 'append' | 'event', bytes: number, limit: number): Failure {
  const message = `EventStoreDB at ${doing.server} takes ${limit} bytes in one ${what}, not ${bytes}.`;
  return new Failure('AppendTooLarge', message, { stream, bytes, limit });
}

/** The number in the last field of a protobuf message, a varint. The byte before that varint must have no high bit. */
function lastVarint(bytes: Uint8Array): number {
  let value = 0;
  for (let at = bytes.length - 1; at >= 0; at--) {
    const byte = bytes[at] ?? 0;
    if (at < bytes.length - 1 && byte < 0x80) break;
    value = value * 0x80 + (byte & 0x7f);
  }
  return value;
}

function currentRevision(wrong: WrongExpectedVersion): string {
  return wrong.hasCurrentStreamRevision() ? wrong.getCurrentStreamRevision() : String(noStream);
}

/** A UUID in its text form, whichever of the two forms the server chose. */
function uuidText(uuid: UUID | undefined): string {
  const structured = uuid?.getStructured();
  if (structured === undefined) return uuid?.getString().toLowerCase() ?? '';
  const hex = [structured.getMostSignificantBits(), structured.getLeastSignificantBits()]
    .map((half) => BigInt.asUintN(64, BigInt(half)).toString(16).padStart(16, '0'))
    .join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
