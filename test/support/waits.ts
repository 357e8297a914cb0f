import { vi } from 'vitest';

/** How long a test waits at most: ten times what the slowest wait takes on an idle machine. */
const limitMs = 120_000;

/** What the running test is waiting for now: for each wait, a function that describes it. */
const waits = new Map<symbol, () => string>();

/**
 * Waits until a check passes. If it never does, the error tells the check's last failure.
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
 * Awaits a promise under a name. A test that runs into its time limit before the promise settles tells this name.
 *
 * @param said the text to tell then, if it is more than `what`
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

/** Returns what is still awaited, and clears it: a test that is over waits for nothing. */
export function takeWaits(): string[] {
  const all = [...waits.values()].map((said) => said());
  waits.clear();
  return all;
}
