import { exitCodes } from './exitCodes.js';
import type { Host } from '../host.js';

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
export function stopSignals(host: Host, onStop: () => void): StopSignals {
  const asked = new AbortController();
  let askedAt = 0;
  const release = host.onInterrupt(() => {
    const now = host.clock.elapsed();
    if (asked.signal.aborted) {
      if (now - askedAt > sameInterruptMs) host.exit(exitCodes.interrupted);
      return;
    }
    askedAt = now;
    asked.abort();
    onStop();
  });
  return { signal: asked.signal, release };
}
