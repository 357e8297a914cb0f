import { exitCodes } from './exitCodes.js';
import type { Host } from '../host.js';

/** A request to stop, from outside the process. */
export interface StopSignals {
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  release(): void;
}

/** A second signal within this time is the first one again, passed on by npm or another wrapper. */
const sameInterruptMs = 300;

/** Listens for Ctrl-C and SIGTERM. The first asks for a clean end, the second ends the process at once. */
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
