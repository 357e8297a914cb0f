import type { Clock } from './clock.js';

/** How long something may take. */
export interface Limit {
  readonly clock: Clock;
  readonly ms: number;
  /** Makes the reason of the abort when the time is over; absent: a `TimeoutError`. */
  readonly late?: () => Error;
}

/**
 * Makes a signal that is aborted as soon as one of its parents is, or the limit is over, until it is released.
 *
 * This is used in place of `AbortSignal.any` and `AbortSignal.timeout`. On Node 20 a signal made by them that nobody
 * else holds can be collected as garbage before it fires. And they leave something at a parent that lives as long as
 * the process: a source that is polled for days makes hundreds of thousands of calls under one parent.
 */
export function linkedAbort(parents: readonly AbortSignal[], limit?: Limit) {
  const controller = new AbortController();
  const links = parents.map((parent) => ({ parent, follow: () => controller.abort(parent.reason) }));
  for (const { parent, follow } of links) {
    if (parent.aborted) follow();
    else parent.addEventListener('abort', follow, { once: true });
  }
  const cancel = limit?.clock.after(limit.ms, () => {
    const late = limit.late?.() ?? new DOMException(`no answer within ${limit.ms / 1000} s`, 'TimeoutError');
    controller.abort(late);
  });
  return {
    signal: controller.signal,
    abort: (reason?: unknown) => controller.abort(reason),
    /** Ends the link: parents and limit no longer abort the signal, and no listener stays at the parents. */
    release: () => {
      cancel?.();
      for (const { parent, follow } of links) parent.removeEventListener('abort', follow);
    },
  };
}

/** Does the work with a {@link linkedAbort}, and releases it when the work has settled. */
export async function withLinkedAbort<T>(
  parents: readonly AbortSignal[],
  limit: Limit | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const linked = linkedAbort(parents, limit);
  try {
    return await work(linked.signal);
  } finally {
    linked.release();
  }
}

/**
 * Settles as `work` does, unless the signal is aborted first: then it rejects with the signal's reason. What `work`
 * does afterwards is ignored, also a rejection.
 */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    const settle = (action: () => void): void => {
      signal.removeEventListener('abort', abort);
      action();
    };
    work.then(
      (value) => settle(() => resolve(value)),
      (error: Error) => settle(() => reject(error)),
    );
  });
}

/**
 * Waits until the work has settled, at most `ms` milliseconds. A rejection of the work is left to the code that awaits
 * the work, and never ends the process.
 *
 * @returns whether it settled in time
 */
export async function settledWithin(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  const over = new AbortController();
  const settled = Promise.allSettled([work]).then(() => true);
  try {
    return await Promise.race([settled, clock.sleep(ms, over.signal).then(() => false)]);
  } finally {
    over.abort();
  }
}

/**
 * Keeps the rejection of a promise that nobody awaits yet from ending the process. Code that awaits it later still sees
 * the rejection.
 */
export function ignoreRejection<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** A time as text: ISO 8601, UTC. @param ms since 1970 */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
