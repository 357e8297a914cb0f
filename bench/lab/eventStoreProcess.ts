import { startEventStore, type EventStoreServerOptions } from '../../dev/eventstore/eventStoreServer.js';
import { jobOf, tellParent } from '../child.js';

export type StoreServerOptions = Pick<EventStoreServerOptions, 'dir' | 'discardBodies'>;

/** Runs the embedded server in its own process: its work must not count as ours. Tells its parent its address. */
const server = await startEventStore(jobOf<StoreServerOptions>());
tellParent({ connectionString: server.connectionString });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.stop());
