import { Metadata, status } from '@grpc/grpc-js';

/** A gRPC status other than OK, in the form that grpc-js takes from a handler. */
export class RpcFailure extends Error {
  override readonly name = 'RpcFailure';
  readonly metadata = new Metadata();

  constructor(
    readonly code: status,
    readonly details: string,
    trailers: Record<string, string> = {},
  ) {
    super(details);
    for (const [key, value] of Object.entries(trailers)) this.metadata.set(key, value);
  }
}

/** Text that an HTTP trailer can carry. For any other text the server answers HTTP 500, which clients see as code 2. */
const PRINTABLE = /^[ -~]*$/;

function failure(code: status, details: string, trailers: Record<string, string>): RpcFailure {
  if (Object.values(trailers).some((value) => !PRINTABLE.test(value))) return new RpcFailure(status.UNKNOWN, '');
  return new RpcFailure(code, details, trailers);
}

/** The largest gRPC message that the server accepts, in bytes. */
export const MAX_MESSAGE_BYTES = 16_767_216;

export function messageTooLarge(): RpcFailure {
  return new RpcFailure(status.RESOURCE_EXHAUSTED, 'Received message exceeds the maximum configured message size.');
}

/** The server's answer when its own code has thrown. */
export function handlerThrew(): RpcFailure {
  return new RpcFailure(status.UNKNOWN, 'Exception was thrown by handler.');
}

export function streamDeleted(stream: string): RpcFailure {
  const trailers = { exception: 'stream-deleted', 'stream-name': stream };
  return failure(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, trailers);
}

export function deleteConflict(stream: string, expected: string, current: number): RpcFailure {
  const details = `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expected}, Actual version: ${current}`;
  return failure(status.FAILED_PRECONDITION, details, {
    exception: 'wrong-expected-version',
    'stream-name': stream,
    'expected-version': expected,
    'actual-version': String(current),
  });
}

export function operationTimedOut(phase: string): RpcFailure {
  return new RpcFailure(status.ABORTED, `Operation timed out: ${phase} phase timeout.`);
}

export function appendTooLarge(limit: number): RpcFailure {
  return new RpcFailure(status.INVALID_ARGUMENT, `Maximum Append Size of ${limit} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(limit),
  });
}

export function eventTooLarge(eventId: string, size: number, limit: number): RpcFailure {
  const details = `Event with Id: ${eventId}, Size: ${size}, exceeds Maximum Append Event Size of ${limit}.`;
  return new RpcFailure(status.INVALID_ARGUMENT, details, {
    exception: 'maximum-append-event-size-exceeded',
    'maximum-append-event-size': String(limit),
    'event-id': eventId,
  });
}

export function missingMetadataProperty(property: string): RpcFailure {
  return new RpcFailure(status.INVALID_ARGUMENT, `Required Metadata Property '${property}' is missing`, {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'type,content-type',
  });
}

/** `where` is the .NET name of the oneof, as the server prints it. */
export function notAValidCase(where: string): RpcFailure {
  return new RpcFailure(status.INVALID_ARGUMENT, `'None' is not a valid EventStore.Client.Streams.${where}`);
}

export function invalidCombination(parts: readonly string[]): RpcFailure {
  return new RpcFailure(status.INVALID_ARGUMENT, `The combination of (${parts.join(', ')}) is invalid.`);
}

export function unexpectedReadResult(): RpcFailure {
  return new RpcFailure(status.UNKNOWN, 'Unexpected ReadStreamResult: Error');
}

export function notLeader(leader: { host: string; port: number }): RpcFailure {
  return new RpcFailure(status.NOT_FOUND, 'Leader info available', {
    exception: 'not-leader',
    'leader-endpoint-host': leader.host,
    'leader-endpoint-port': String(leader.port),
  });
}

export function notReady(): RpcFailure {
  return new RpcFailure(status.UNAVAILABLE, 'Server Is Not Ready');
}

export function accessDenied(): RpcFailure {
  return new RpcFailure(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });
}

export function unauthenticated(): RpcFailure {
  return new RpcFailure(status.UNAUTHENTICATED, 'Unauthenticated');
}
