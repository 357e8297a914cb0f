import type { AppendWindow } from '../../../src/engine/append/window.js';
import type { FakeClock } from '../fakeClock.js';

/** How long the server and the line to it take, in ms. The times may change in the course of a run. */
export interface ModelServer {
  /** The way to the server and back. */
  readonly lineMs: (now: number) => number;
  /** How long the server works on one request; it works on one at a time. */
  readonly workMs: (now: number) => number;
  /** Bytes of each request; default 200 KiB. */
  readonly bytes?: () => number;
}

/** The result of {@link sendBacklog}. */
export interface ModelRun {
  readonly answered: number;
  /** For each request, when it was sent and how many requests were under way then, itself included. */
  readonly depths: readonly { readonly at: number; readonly requests: number }[];
  /** The highest sum of bytes under way. */
  readonly maxBytes: number;
}

/**
 * Sends as many requests as the window lets through, for `forMs` of model time, to a server that answers them in order.
 * A request arrives after half of `lineMs`, waits for those before it, and its answer takes the other half. Nothing is
 * random, and no real time passes.
 */
export function sendBacklog(window: AppendWindow, clock: FakeClock, server: ModelServer, forMs: number): ModelRun {
  const { lineMs, workMs, bytes = () => 200 * 1024 } = server;
  const underWay: { readonly timed: ReturnType<AppendWindow['sent']>; readonly at: number; readonly bytes: number }[] =
    [];
  const depths: { at: number; requests: number }[] = [];
  const until = clock.now() + forMs;
  let [freeAt, answered, maxBytes, bytesUnderWay] = [0, 0, 0, 0];
  for (let next = bytes(); clock.now() < until;) {
    for (; window.hasRoom(next); next = bytes()) {
      const [now, line] = [clock.now(), lineMs(clock.now())];
      freeAt = Math.max(freeAt, now + line / 2) + workMs(now);
      // An answer cannot overtake the one before it, because all answers come on one connection.
      const at = Math.max(freeAt + line / 2, underWay.at(-1)?.at ?? 0);
      underWay.push({ timed: window.sent(next), at, bytes: next });
      bytesUnderWay += next;
      maxBytes = Math.max(maxBytes, bytesUnderWay);
      depths.push({ at: now, requests: underWay.length });
    }
    const first = underWay.shift();
    if (!first) throw new Error('the window lets nothing through');
    clock.advance(Math.max(0, first.at - clock.now()));
    bytesUnderWay -= first.bytes;
    answered++;
    window.answered(first.timed);
  }
  return { answered, depths, maxBytes };
}
