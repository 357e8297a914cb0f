import { Metadata, status } from '@grpc/grpc-js';
import { Failure, type FailureKind } from '../core/failure.js';
import type { Endpoint } from './connect/connectionString.js';

/** What was being done to which server, for messages. Holds no secret. */
export interface Doing {
  /** A verb phrase: `read the tail of stream billing`. */
  readonly what: string;
  /** Host and port, or several. */
  readonly server: string;
  /** False when the connection string says `tls=false`: then the client library sends no user and password. */
  readonly secure: boolean;
}

/** Texts of Node's and OpenSSL's errors when a certificate or a handshake was the trouble. */
const tlsTrouble =
  /certificate|self[- ]signed|\bTLS\b|\bSSL\b|ERR_TLS|ERR_SSL|altname|unable to verify|handshake|wrong version number/i;

/** Nobody is there, so TLS was not the trouble. */
const notFound = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|Name resolution/i;

const notNow = /server is (not ready|too busy|busy)|no leader info/i;

/**
 * Says what an error of a call means to us. The kind and the message tell apart: unreachable, TLS refused, wrong user
 * or password, and a server that answers but refuses.
 */
export function targetFailure(error: unknown, doing: Doing): Failure {
  if (error instanceof Failure) return error;
  const call = asCallError(error);
  if (call === undefined) return unreachable(error instanceof Error ? error.message : String(error), doing, error);
  const { code, details } = call;
  const exception = trailerOf(error, 'exception');
  if (exception === 'access-denied' || code === status.PERMISSION_DENIED || code === status.UNAUTHENTICATED)
    return accessDenied(doing, details, error);
  if (notNow.test(details)) return refused(doing, details, error);
  if (code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED || code === status.CANCELLED)
    return unreachable(details, doing, error);
  // A connection that is cut in the middle of an answer surfaces as INTERNAL with the stream's reset code.
  if (code === status.INTERNAL && /RST_STREAM|ECONNRESET|connection/i.test(details))
    return unreachable(details, doing, error);
  return refused(doing, details, error);
}

/** No answer within our own deadline. */
export function silence(doing: Doing, ms: number): Failure {
  return failed('TargetUnreachable', doing, `did not answer within ${ms / 1000} s`);
}

/** The server answers, but in a way that we do not understand or that says no. */
export function refused(doing: Doing, why: string, cause?: unknown): Failure {
  return failed('TargetRefused', doing, `refused: ${why}`, cause);
}

/** The user, the password or the user's rights were not enough. */
export function accessDenied(doing: Doing, why: string, cause?: unknown): Failure {
  const hint = doing.secure ? '' : '; the connection string says tls=false, so no user and password were sent';
  const denied = `denied access: wrong user or password, or a missing right (${why})${hint}`;
  return failed('TargetAccessDenied', doing, denied, cause);
}

/** The server is not where it should be, or does not speak with us. */
function unreachable(why: string, doing: Doing, cause: unknown): Failure {
  const reason = lastError(why);
  if (doing.secure && tlsTrouble.test(reason)) {
    const { what, server } = doing;
    const message = `Cannot ${what}: TLS with EventStoreDB at ${server} was refused: ${reason}.`;
    return new Failure('TargetTlsRefused', message, { server }, { cause });
  }
  const hint =
    doing.secure || notFound.test(reason) ? '' : ' (the connection string says tls=false: does it want TLS?)';
  return failed('TargetUnreachable', doing, `is unreachable: ${reason}${hint}`, cause);
}

function failed(kind: FailureKind, { what, server }: Doing, how: string, cause?: unknown): Failure {
  return new Failure(kind, `Cannot ${what}: EventStoreDB at ${server} ${how}.`, { server }, { cause });
}

/** The node that a node which does not lead names as the leader; undefined when the error says something else. */
export function namedLeader(error: unknown): Endpoint | undefined {
  if (trailerOf(error, 'exception') !== 'not-leader') return undefined;
  const address = trailerOf(error, 'leader-endpoint-host');
  const port = Number(trailerOf(error, 'leader-endpoint-port'));
  return address !== undefined && Number.isInteger(port) ? { address, port } : undefined;
}

/** One trailer of an error, as text. `exception` is the server's name for what went wrong: `stream-deleted`, ... */
export function trailerOf(error: unknown, name: string): string | undefined {
  return asCallError(error)?.metadata.get(name)[0]?.toString();
}

/**
 * The error as a gRPC status, with code, text and trailers, when grpc-js or the client library handed it over as one:
 * then the call was answered or broken off, not given up by us.
 */
export function asCallError(error: unknown) {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'number') return undefined;
  return {
    code: error.code as status,
    details: 'details' in error && typeof error.details === 'string' ? error.details : error.message,
    metadata: 'metadata' in error && error.metadata instanceof Metadata ? error.metadata : new Metadata(),
  };
}

/** grpc-js wraps the reason: `No connection established. Last error: <reason>. Resolution note: `. */
function lastError(details: string): string {
  const [, reason = details] = /Last error: (.*?)\.? Resolution note:/s.exec(details) ?? [];
  return reason.replace(/^Error( \[\w+\])?: /, '').replace(/[. ]+$/, '');
}
