import { type EventStoreServerOptions, startEventStore } from '../../dev/eventstore/eventStoreServer.js';
import { type Clock, systemClock } from '../../src/core/clock.js';
import { targetContract, type TargetUnderTest } from './target.js';

/** Does not wait: the embedded server is as sure of a stream at once as a second later. */
const hastyClock: Clock = { ...systemClock, sleep: () => Promise.resolve() };

async function embedded(options?: EventStoreServerOptions): Promise<TargetUnderTest> {
  const server = await startEventStore(options);
  return { connectionString: server.connectionString, clock: hastyClock, stop: () => server.stop() };
}

targetContract('The target on the embedded server', () => embedded());
targetContract('The target on the embedded server, which counts metadata and types too', () =>
  embedded({ countsMetadata: true }),
);

const { EVENTSTORE_TEST_URL: connectionString } = process.env;
if (connectionString !== undefined) {
  targetContract('The target on a real server', () =>
    Promise.resolve({ connectionString, stop: () => Promise.resolve() }),
  );
}
