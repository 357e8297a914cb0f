import type { EventStoreServer } from '../../dev/eventstore/eventStoreServer.js';
import type { Environment } from '../../src/config/config.js';
import type { Notice } from '../../src/notify/notice.js';
import { FakeClock } from '../support/fakeClock.js';
import { Ferry } from '../support/ferry.js';
import { parts, type Part, type Roads } from '../support/faults/road.js';
import { webReceiver } from '../support/services/webReceiver.js';

export const chunk = '00000001-2013-10-15-093000.dat';
/** Leaves the waits at their defaults: 500 ms between polls, a minute between tries in an outage. */
const defaults = { IDLE_POLL_MS: '', OUTAGE_WAIT_SECONDS: '', SETTLE_SECONDS: '' };
export const [idleMs, outageMs] = [500, 60_000];
export const kinds: Readonly<Record<Part, string>> = {
  source: 'SourceUnreachable',
  checkpoint: 'CheckpointUnreachable',
  target: 'TargetUnreachable',
};

/** A ferry whose people are told by a webhook too. */
export async function openFerry(server: EventStoreServer, settings: Environment = {}) {
  const receiver = await webReceiver();
  const ferry = await Ferry.open(server, { ...defaults, ...settings, NOTIFY_WEBHOOK_URL: receiver.url });
  /** What was posted, in order: each event with the kind of its failure. */
  const posted = () =>
    receiver.requests
      .filter(({ method }) => method === 'POST')
      .map(({ body }) => JSON.parse(body) as Notice)
      .map(({ event, failure }) => [event, failure?.kind]);
  /** What was logged at error level: each event, a beginning with its kind. */
  const logged = () =>
    ferry.logger.lines.filter(({ level }) => level === 'error').map(({ event, facts }) => [event, facts['kind']]);
  return { ferry, receiver, posted, logged };
}

/** Follows until stopped; the waits are handed to whoever says what happens next. */
export function follow(ferry: Ferry, settings: Environment, onWait: Waits) {
  const stop = new AbortController();
  let [idles, outages] = [0, 0];
  const clock = FakeClock.flowing(async (_, ms) => {
    if (ms === idleMs) await onWait.idle((idles += 1), () => stop.abort());
    if (ms === outageMs) await onWait.outage?.((outages += 1));
  });
  const replicator = ferry.replicator(settings, clock);
  const done = replicator.run({ stop: stop.signal, whenCaughtUp: 'wait', onOutage: 'wait' });
  return { done, waits: () => clock.slept.filter((ms) => ms === idleMs || ms === outageMs), replicator };
}

interface Waits {
  readonly idle: (count: number, end: () => void) => void | Promise<void>;
  readonly outage?: (count: number) => void | Promise<void>;
}

export function setAll(roads: Roads, state: 'open' | 'down'): void {
  for (const part of parts) roads.to[part].state = state;
}
