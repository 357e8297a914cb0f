import { startEventStore, type EventStoreServerOptions } from '../dev/eventstore/eventStoreServer.js';
import { jobOf, tellParent } from './child.js';

export type StoreServerOptions = Pick<EventStoreServerOptions, 'dir' | 'discardBodies'>;

/** The embedded server in a process of its own, so that its work is not counted as ours. Tells its parent where it is. */
const server = await startEventStore(jobOf<StoreServerOptions>());
tellParent({ connectionString: server.connectionString });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.stop());
