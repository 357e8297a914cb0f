import { systemClock, type Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import { linkedAbort } from '../core/time.js';

/** A web address that is told how replication goes. */
export interface Channel {
  /** A secret. */
  readonly url: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A request without an answer by then counts as not taken. Default 5 s. */
  readonly answerWithinMs?: number;
}

/** Whether a web server took a request, or why not. The reason never holds the address, which is a secret. */
type Answer =
  { readonly taken: true } | { readonly taken: false; readonly reason: string; readonly worthAnotherTry: boolean };

/** Sends one request to a web server and looks only at the status of its answer. Never throws. */
export async function ask(
  { url, answerWithinMs: ms = 5_000 }: Channel,
  request: RequestInit,
  closing: AbortSignal,
): Promise<Answer> {
  const over = linkedAbort([closing], { clock: systemClock, ms });
  try {
    // A redirect would send another method, to an address that nobody has named.
    const { ok, status, body } = await fetch(url, { ...request, redirect: 'manual', signal: over.signal });
    await body?.cancel();
    if (ok) return { taken: true };
    const worthAnotherTry = status === 408 || status === 429 || status >= 500;
    const redirects = status >= 300 && status < 400;
    return { taken: false, reason: `HTTP ${status}${redirects ? ', a redirect' : ''}`, worthAnotherTry };
  } catch (thrown) {
    const reason = over.signal.aborted ? `no answer within ${ms} ms` : reasonOf(thrown);
    return { taken: false, reason, worthAnotherTry: true };
  } finally {
    over.release();
  }
}

/** `ECONNREFUSED` and the like; the library's message may name the address. */
function reasonOf(thrown: unknown): string {
  const { name, cause } = thrown as Error;
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : name;
}
