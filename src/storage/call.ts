import { RestError, type ContainerClient } from '@azure/storage-blob';

import { Failure } from '../core/failure.js';
import { linkedAbort } from '../core/time.js';

const tries = 3;
const silenceMs = 30_000;

/**
 * Makes a call to the storage and repeats it when no byte came for 30 s or the answer broke off: the SDK's own retries
 * and timeouts do not notice a server that takes the request and then sends nothing.
 *
 * @param call gets the signal to pass on, and a function to call whenever bytes arrive
 * @throws what the call throws; the caller checks first whether `signal` was the cause
 */
export async function untilSilence<T>(
  signal: AbortSignal,
  call: (signal: AbortSignal, heard: () => void) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    const silence = linkedAbort([signal]);
    let silent: Error | undefined;
    const timer = setTimeout(() => {
      silent = new Error(`nothing was heard for ${silenceMs} ms`);
      silence.abort(silent);
    }, silenceMs);
    try {
      return await call(silence.signal, () => timer.refresh());
    } catch (thrown) {
      // The SDK has already retried after status codes and errors of the network.
      if (signal.aborted || thrown instanceof RestError || attempt === tries) throw silent ?? thrown;
    } finally {
      clearTimeout(timer);
      silence.release();
    }
  }
}

/** Status and code of a failed call's answer; zero and empty without an answer. */
export function statusOf(thrown: unknown): { readonly status: number; readonly code: string; readonly date: number } {
  if (!(thrown instanceof RestError)) return { status: 0, code: '', date: 0 };
  const headers = thrown.response?.headers;
  const code = headers?.get('x-ms-error-code') ?? thrown.code ?? '';
  return { status: thrown.statusCode ?? 0, code, date: Date.parse(headers?.get('date') ?? '') || 0 };
}

/** The message for a failed call: container, account and reason, without a secret. */
export function unreachable(thrown: unknown, container: ContainerClient, chunk?: string): Failure {
  if (thrown instanceof Failure) return thrown;
  const { containerName, accountName } = container;
  const { status, code } = statusOf(thrown);
  const what = `ontainer ${containerName} of account ${accountName}`;
  const facts = { container: containerName, account: accountName, ...(chunk !== undefined && { chunk }), status, code };
  return new Failure('SourceUnreachable', messageOf(what, status, code, thrown), facts, { cause: thrown });
}

function messageOf(what: string, status: number, code: string, thrown: unknown): string {
  if (code === 'ContainerNotFound') return `C${what} does not exist.`;
  if (status === 401 || status === 403) return `Access to c${what} was denied: ${code || status}.`;
  if (status > 0) return `C${what} cannot be read: the storage answered ${status} ${code}.`;
  const why = thrown instanceof RestError ? (thrown.code ?? thrown.name) : String((thrown as Error).message);
  return `C${what} cannot be reached: ${why}.`;
}

/** The ETag without quotes: listings give it without them, answers with them. */
export function plainEtag(etag: string | undefined): string {
  return (etag ?? '').replace(/^W\//, '').replaceAll('"', '');
}
