import { systemClock, type Clock } from '../../src/core/clock.js';
import type { EventStoreServer } from '../../dev/eventstore/eventStoreServer.js';
import type { Finding } from '../../src/doctor/finding.js';
import { Ferry, numbered } from '../support/ferry.js';
import { makeCertificates } from '../target/certificates.js';

export const chunk = '00000000-2013-10-15-093000.dat';
export const certificates = makeCertificates('127.0.0.1');
export const user = { name: 'ferry', password: 'open-sesame' };

/** A world in which all is well, but for what a fault does to it. */
export interface World {
  readonly ferry: Ferry;
  readonly server: EventStoreServer;
  readonly settings: Record<string, string>;
  clock: Clock;
}

/** A world of which nothing is wrong yet, on a server with {@link certificates} and {@link user}. */
export async function world(server: EventStoreServer): Promise<World> {
  const ferry = await Ferry.open(server);
  await ferry.write(chunk, numbered(1, 3));
  const connection = server.connectionString.replace('://', `://${user.name}:${user.password}@`);
  return {
    ferry,
    server,
    settings: {
      EVENTSTORE_CONNECTION_STRING: connection,
      EVENTSTORE_TLS_CA: certificates.ca,
      TARGET_STREAM: ferry.stream.replaceAll('-', ''),
      IDLE_POLL_MS: '500',
    },
    clock: shifted(0),
  };
}

export async function examine({ ferry, settings, clock }: World): Promise<Finding[]> {
  const findings: Finding[] = [];
  const replicator = ferry.replicator(settings, clock);
  for await (const finding of replicator.examine(new AbortController().signal)) findings.push(finding);
  return findings;
}

/** This machine's clock, wrong by so much; what sleeps by it wakes at once, and no limit is ever reached. */
export function shifted(ms: number): Clock {
  const after = () => () => undefined;
  return {
    now: () => systemClock.now() + ms,
    elapsed: () => systemClock.elapsed(),
    sleep: () => Promise.resolve(),
    after,
  };
}
