import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { loadConfig } from '../src/config/config.js';
import { linkedAbort } from '../src/core/time.js';
import { demoProgress } from './demoProgress.js';
import type { DemoProgress } from './demoProgress.js';
import { DemoWatch } from './demoWatch.js';
import { auditJournal, isExact } from './journalAudit.js';
import type { Audit } from './journalAudit.js';
import { container, startLaptop } from './laptop.js';
import type { Laptop } from './laptop.js';
import type { Ending, Program } from './program.js';
import { readJournal } from './writer/journal.js';
import { shop } from './writer/shop.js';

const records = 20_000;
const crashAfter = 9_000;
const seed = 2013;
/** The original makes one write for each append. The demo makes fewer: an emulator takes only a few hundred a second. */
const appendsPerWrite = 32;

/** What the demo measured. */
interface Result {
  readonly audit: Audit;
  /** From the first event in the target stream to the last. */
  readonly seconds: number;
  /** From the writer's last acknowledged append to its last event in the target stream. */
  readonly lagSeconds: number;
}

/**
 * Runs the demo. A writer process fills a container of tapes; it is killed in the middle of a write and started again.
 * Meanwhile the built program replicates the container into the embedded server. At the end the demo compares the
 * target stream with the writer's journal.
 *
 * @returns whether every event is in the stream once, in order and byte for byte
 */
async function demo(stop: AbortSignal): Promise<boolean> {
  console.log('Building Eventferry, starting Azurite and an embedded EventStoreDB (both for development only) ...');
  const laptop = await startLaptop();
  const log = join(laptop.dir, 'replicator.log');
  const replicator = laptop.startReplicator({ output: openSync(log, 'a') });
  const progress = demoProgress();
  try {
    const result = await ferry(laptop, replicator, progress, stop);
    progress.end();
    console.log(table(result));
    for (const finding of result.audit.findings) console.log(`  ${finding}`);
    return isExact(result.audit);
  } catch (error) {
    progress.end();
    if (stop.aborted) return false;
    console.error(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
    console.error(`The last lines of the replicator:\n${readFileSync(log, 'utf8').split('\n').slice(-20).join('\n')}`);
    return false;
  } finally {
    await replicator.stop();
    await laptop.stop();
  }
}

/** The demo itself, from the first record to the last event. @throws Error when a program ends or nothing moves */
async function ferry(laptop: Laptop, replicator: Program, progress: DemoProgress, stop: AbortSignal): Promise<Result> {
  const done = new AbortController();
  const watching = linkedAbort([stop, done.signal]);
  const watch = new DemoWatch(laptop, watching.signal);
  const failed = Promise.race([
    replicator.ended.then((ending) => Promise.reject(new Error(`eventferry run --follow ended with ${ending}`))),
    watch.untilStuck({ records, events: eventsOf(records) }, progress),
  ]);
  const write = (...more: string[]): Promise<Ending> => {
    const amount = { records, seed, 'appends-per-write': appendsPerWrite };
    const args = [...Object.entries(amount).flatMap(([name, value]) => [`--${name}`, String(value)]), ...more];
    const writer = laptop.startWriter(args, { onMessage: (message) => watch.heard(message) });
    return Promise.race([writer.ended, failed]).finally(() => writer.stop());
  };
  try {
    progress.say(`A writer appends ${records} records of a sample shop to tapes; \`eventferry run --follow\` follows.`);
    expectEnding('the writer', await write('--crash-after', String(crashAfter)), 'SIGKILL');
    progress.say('The writer was killed in the middle of a write: a torn frame. It is started again.');
    expectEnding('the writer', await write(), 0);
    const writtenAt = Date.now();
    await Promise.race([watch.untilCaughtUp(), failed]);
    const caughtUpAt = Date.now();
    expectEnding('eventferry run --follow, asked to stop,', await replicator.stop(), 0);
    return {
      audit: await auditJournal(
        readJournal(laptop.journal),
        laptop.eventStore.events(container),
        loadConfig(laptop.settings).config.convert,
      ),
      seconds: (caughtUpAt - watch.firstEventAt) / 1000,
      lagSeconds: (caughtUpAt - writtenAt) / 1000,
    };
  } finally {
    done.abort();
    watching.release();
  }
}

/** The number of events that the sample shop's first commits make. */
function eventsOf(commits: number): number {
  const endless = shop(seed);
  let events = 0;
  for (let index = 0; index < commits; index++) {
    const { key, messages } = endless.next().value;
    if (key !== 'audit') events += messages.length;
  }
  return events;
}

function expectEnding(who: string, ending: Ending, expected: Ending): void {
  if (ending !== expected) throw new Error(`${who} ended with ${ending}; ${expected} was expected`);
}

function table({ audit, seconds, lagSeconds }: Result): string {
  const rows: [string, string | number][] = [
    ['records acknowledged', audit.records],
    ['  and written but not acknowledged', audit.unacknowledged],
    ['events', audit.events],
    ['bytes', audit.bytes],
    ['events/s, at the pace of the writer', Math.round(audit.events / seconds)],
    ['lag at the end, seconds', lagSeconds.toFixed(1)],
    ...Object.entries(audit.differences),
  ];
  const lines = rows.map(([what, value]) => `  ${what.padEnd(38)}${value.toLocaleString('en').padStart(12)}`);
  const verdict = isExact(audit)
    ? 'Every acknowledged event is in the target stream once, in order, byte for byte.'
    : 'The target stream is NOT what was written:';
  return ['', ...lines, '', verdict].join('\n');
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
process.exitCode = await demo(stop.signal).then(
  (exact) => (exact ? 0 : 1),
  (error: Error) => {
    console.error(error.message);
    return 1;
  },
);
