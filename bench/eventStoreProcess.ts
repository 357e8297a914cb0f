import { startEventStore } from '../dev/eventstore/eventStoreServer.js';

/** The embedded server in a process of its own, so that its work is not counted as ours. Tells its parent where it is. */
const server = await startEventStore({ discardBodies: process.argv.includes('--discard-bodies') });
process.send?.({ connectionString: server.connectionString });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.stop());
