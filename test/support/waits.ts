import { vi } from 'vitest';

/** So long a test waits for something: ten times what the slowest of them needs on an idle machine. */
const limitMs = 120_000;

/** What the running test waits for at this moment, and what it can say about it. */
const waits = new Map<symbol, () => string>();

/**
 * Waits until a check passes; its last failure is told when it never does.
 *
 * @param what completes "waited for ..."
 * @returns what the check returns
 */
export function eventually<T>(what: string, check: () => T | Promise<T>): Promise<T> {
  let last: unknown;
  const told = async (): Promise<T> => {
    try {
      return await check();
    } catch (error) {
      last = error;
      throw error;
    }
  };
  const said = (): string => (last instanceof Error ? `${what} (last: ${last.message})` : what);
  return until(
    what,
    vi.waitFor(told, { timeout: limitMs, interval: 20 }).catch((error: unknown) => {
      throw new Error(`Waited ${limitMs / 1000} s for ${said()}`, { cause: error });
    }),
    said,
  );
}

/**
 * Names what a promise is awaited for, for the case that the test's time is over before it settles.
 *
 * @param said what to say then; more than `what` where there is more to say
 */
export async function until<T>(what: string, promise: Promise<T>, said = () => what): Promise<T> {
  const wait = Symbol(what);
  waits.set(wait, said);
  try {
    return await promise;
  } finally {
    waits.delete(wait);
  }
}

/** What is still awaited, and forgets it: a test that is over waits for nothing. */
export function takeWaits(): string[] {
  const all = [...waits.values()].map((said) => said());
  waits.clear();
  return all;
}
