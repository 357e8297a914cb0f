import { exitCodes } from './exitCodes.js';

/** A stop that was asked for from outside. */
export interface StopSignals {
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Leaves the signals to whoever else wants them. */
  release(): void;
}

/** npm and other wrappers pass on the interrupt that the terminal has already sent to everyone. */
const sameInterruptMs = 300;

/** Listens for Ctrl-C and SIGTERM: the first asks for a clean end, the second ends the process at once. */
export function stopSignals(onStop: () => void): StopSignals {
  const asked = new AbortController();
  let askedAt = 0;
  const ask = (): void => {
    const now = performance.now();
    if (asked.signal.aborted) {
      if (now - askedAt > sameInterruptMs) process.exit(exitCodes.interrupted);
      return;
    }
    askedAt = now;
    asked.abort();
    onStop();
  };
  process.on('SIGINT', ask).on('SIGTERM', ask);
  return {
    signal: asked.signal,
    release: () => void process.off('SIGINT', ask).off('SIGTERM', ask),
  };
}
