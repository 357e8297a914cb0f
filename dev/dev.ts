import { parseArgs } from 'node:util';

import { container, startLaptop } from './laptop.js';

/** Runs Azurite, an embedded EventStoreDB, a writer of a few records a second and a replicator, until Ctrl-C. */
async function dev(rate: string): Promise<void> {
  const stop = new Promise<string>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
  console.log('Building Eventferry, starting Azurite and an embedded EventStoreDB (both for development only) ...');
  const laptop = await startLaptop();
  const writer = laptop.startWriter(['--rate', rate]);
  const replicator = laptop.startReplicator({}, ['--dashboard', '0']);
  const exports = Object.entries(laptop.settings).map(([name, value]) => `  export ${name}='${value}'`);
  console.log(`
A writer appends ${rate} records a second to the container ${container}; \`eventferry run --follow\` replicates them into
the stream ${container}, and prints below the address of its status page. In another terminal, in this folder:

${exports.join('\n')}
  npx eventferry status
  npx eventferry inspect
  npx eventferry run          # a second runner does no harm, and says what it finds

The writer's journal: ${laptop.journal}
Ctrl-C ends it all; the data is gone then.
`);
  const ended = await Promise.race([
    stop,
    writer.ended.then((ending) => `the writer ended with ${ending}`),
    replicator.ended.then((ending) => `eventferry run --follow ended with ${ending}`),
  ]);
  if (!ended.startsWith('SIG')) {
    console.error(`Stopping: ${ended}.`);
    process.exitCode = 1;
  }
  await Promise.all([writer.stop(), replicator.stop()]);
  await laptop.stop();
}

const { values } = parseArgs({ options: { rate: { type: 'string', default: '5' } } });
await dev(values.rate).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
