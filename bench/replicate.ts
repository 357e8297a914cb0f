import { program } from 'commander';
import type { ContainerClient } from '@azure/storage-blob';
import { createReplicator } from '../src/replicator.js';
import { silentLogger } from '../src/telemetry/logger.js';
import { clientLoop } from './clientLoop.js';
import { figure, show, table } from './figures.js';
import { openLab, type Lab } from './lab.js';
import { writeStore } from './store.js';

/** Replication end to end, this engine against loops over the client library, in rounds that take turns. */

interface Contestant {
  readonly name: string;
  readonly events: number;
  readonly run: (lab: Lab, container: ContainerClient) => Promise<void>;
}

const options = program
  .option('--events <n>', 'events in the store', Number, 50_000)
  .option('--size <bytes>', 'size of an event', Number, 300)
  .option('--rounds <n>', 'rounds', Number, 3)
  .option('--server <url>', 'a real server instead of the embedded one')
  .parse()
  .opts<{ events: number; size: number; rounds: number; server?: string }>();

const contestants: Contestant[] = [
  { name: 'Eventferry', events: options.events, run: eventferry },
  { name: 'client library, one event per append', events: Math.ceil(options.events / 20), run: loop(1) },
  { name: 'client library, jsonEvent in batches of 500', events: options.events, run: loop(500) },
];

function loop(batch: number): Contestant['run'] {
  return (lab, container) => {
    const events = batch === 1 ? Math.ceil(options.events / 20) : options.events;
    return clientLoop(lab.newReplication(container).config, batch, events);
  };
}

async function eventferry(lab: Lab, container: ContainerClient): Promise<void> {
  const replicator = createReplicator(lab.newReplication(container).config, silentLogger);
  const { end, place } = await replicator.run({
    stop: new AbortController().signal,
    whenCaughtUp: 'exit',
    onOutage: 'fail',
  });
  await replicator.close();
  if (end !== 'caught-up' || place?.revision !== options.events - 1) throw new Error(`ended ${end} before the head`);
}

const lab = await openLab({ server: options.server });
const container = await lab.newContainer();
await writeStore(container, { events: options.events, bodyBytes: options.size });

const rates = new Map<string, number[]>();
const processor = new Map<string, number[]>();
for (let round = -1; round < options.rounds; round++) {
  for (const { name, events, run } of contestants) {
    const cpu = process.cpuUsage();
    const started = performance.now();
    await run(lab, container);
    const seconds = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    if (round < 0) continue; // the first round warms up compilers and caches
    rates.set(name, [...(rates.get(name) ?? []), events / seconds]);
    processor.set(name, [...(processor.get(name) ?? []), (user + system) / events]);
  }
}
await lab.stop();

const ours = rates.get('Eventferry') ?? [];
const rows = contestants.map(({ name }) => {
  const theirs = rates.get(name) ?? [];
  const ratio = figure(ours.map((rate, index) => rate / (theirs[index] ?? NaN)));
  return [name, show(figure(theirs)), show(figure(processor.get(name) ?? [])), show(ratio)];
});
console.log(`${options.events} events of ${options.size} bytes, ${options.rounds} rounds: median (min-max)`);
console.log(table(['', 'events/s', 'processor us/event', 'Eventferry is x times as fast'], rows));
