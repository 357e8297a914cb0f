import { setTimeout as delay } from 'node:timers/promises';

/** Time as the engine sees it, so that tests can make it pass. */
export interface Clock {
  /** Milliseconds since 1970. May be set back. */
  now(): number;
  /** Milliseconds since some moment, never set back: measures durations and says when something is due. */
  elapsed(): number;
  /** Waits; resolves early, without an error, when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Calls back once after `ms` milliseconds unless cancelled by the returned function. Keeps no process alive. */
  after(ms: number, callback: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  },
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
