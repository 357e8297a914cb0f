import { parseArgs } from 'node:util';
import { startEventStore } from './eventStoreServer.js';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, dir: { type: 'string' } } });
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`--port must be a number from 0 to 65535, not ${values.port}.`);
  process.exit(2);
}

const server = await startEventStore({ port, ...(values.dir !== undefined && { dir: values.dir }) });
console.log('EventStoreDB emulator of Eventferry: for development and tests only, reachable from this machine only.');
console.log(`Connection string: ${server.connectionString}`);
console.log(
  values.dir === undefined ? 'Data: in memory, gone at the end (--dir DIR keeps it).' : `Data: ${values.dir}`,
);
console.log(JSON.stringify({ listening: { port: server.port, connectionString: server.connectionString } }));

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.stop());
