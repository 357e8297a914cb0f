import { parseArgs } from 'node:util';
import { startEventStore, type EventStoreServerOptions } from './eventStoreServer.js';

const USAGE = 'npm run eventstore -- [--port N] [--dir DIR] [--discard-bodies]';

/** The options that the command line gives. @throws Error that says which argument is wrong */
function optionsOf(args: string[]): EventStoreServerOptions {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '0' },
      dir: { type: 'string' },
      'discard-bodies': { type: 'boolean', default: false },
    },
  });
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65535)
    throw new Error(`--port must be a number from 0 to 65535, not ${JSON.stringify(values.port)}.`);
  return {
    port: Number(values.port),
    discardBodies: values['discard-bodies'],
    ...(values.dir !== undefined && { dir: values.dir }),
  };
}

function refuse(error: unknown, exitCode: number): never {
  console.error(error instanceof Error ? error.message : String(error));
  if (exitCode === 2) console.error(`Usage: ${USAGE}`);
  process.exit(exitCode);
}

let options: EventStoreServerOptions = {};
try {
  options = optionsOf(process.argv.slice(2));
} catch (error) {
  refuse(error, 2);
}
const server = await startEventStore(options).catch((error: unknown) => refuse(error, 1));

console.log(
  'The embedded EventStoreDB server of Eventferry. It is for development only, and reachable from this machine only.',
);
console.log(`Connection string: ${server.connectionString}`);
console.log(
  options.dir === undefined ? 'Data: in memory; gone at the end (--dir DIR keeps it).' : `Data: ${options.dir}`,
);
const listening = { listening: { port: server.port, connectionString: server.connectionString } };
console.log(JSON.stringify(listening));
process.send?.(listening);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.stop());
