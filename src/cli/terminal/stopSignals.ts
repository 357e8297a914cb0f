import { exitCodes } from './exitCodes.js';
import type { Host } from '../host.js';

/** A second signal within this time is the first one again, passed on by npm or another wrapper. */
const sameInterruptMs = 300;

/**
 * Listens for Ctrl-C and SIGTERM, until it is released. The first aborts the signal, to ask for a clean end; the second
 * ends the process at once.
 */
export function stopSignals(host: Host, onStop: () => void) {
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
