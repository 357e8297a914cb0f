import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { BlobServiceClient } from '@azure/storage-blob';

import { Journal, readJournal } from './writer/journal.js';
import type { Commit } from './writer/messageStore.js';
import { shop } from './writer/shop.js';
import { crossesPage, TapeAppender } from './writer/tapeAppender.js';

export interface SampleWriterOptions {
  /** Connection string of the account, and the container to write to, which is created if absent. */
  readonly connectionString: string;
  readonly container: string;
  /** The file that records the appends. The writer continues after the last acknowledged one in it. */
  readonly journal: string;
  /** The writer ends when so many appends are acknowledged, those of earlier runs included. Default: never. */
  readonly records?: number;
  /** Appends a second. Default: as fast as the storage allows. */
  readonly rate?: number;
  /** The most appends in one page write. Default: one, as the original does. */
  readonly appendsPerWrite?: number;
  readonly seed?: number;
  /** Kills this process during a write once so many appends are acknowledged. */
  readonly crashAfter?: number;
  /** What the crash leaves: a part of the last frame (`torn`, the default), or whole unacknowledged frames. */
  readonly crash?: Crash;
  /** Called after each acknowledged write with the number acknowledged so far. */
  readonly onProgress?: (acknowledged: number) => void;
}

/** Retries are short: an emulator that is restarted is back soon. */
const retryOptions = { maxTries: 20, retryDelayInMs: 100, maxRetryDelayInMs: 1_000 };

export type Crash = 'torn' | 'unacknowledged';

/**
 * Appends the commits of a sample shop to a container of tapes until there are enough of them or the signal is aborted.
 * The next run appends again what was not acknowledged, as an application would.
 */
export async function writeSamples(options: SampleWriterOptions, signal: AbortSignal): Promise<void> {
  const { connectionString, container, records = Infinity, appendsPerWrite = 1, crashAfter = Infinity } = options;
  const journal = Journal.open(options.journal);
  let acknowledged = readJournal(options.journal).filter((entry) => entry.acknowledged).length;
  const commits = shop(options.seed ?? 1);
  for (let index = 0; index < acknowledged; index++) commits.next();
  const pace = paced(options.rate ?? Infinity);
  const appender = await TapeAppender.open(
    BlobServiceClient.fromConnectionString(connectionString, { retryOptions }).getContainerClient(container),
  );

  while (acknowledged < records && !signal.aborted) {
    const due = await pace(Math.min(appendsPerWrite, records - acknowledged), signal);
    let waiting: Commit[] = Array.from({ length: due }, () => commits.next().value);
    while (waiting.length > 0) {
      const placed = await appender.place(waiting);
      const noted = journal.intend(placed);
      const last = placed.at(-1);
      if (acknowledged >= crashAfter && last !== undefined && (options.crash === 'unacknowledged' || crossesPage(last)))
        await (options.crash === 'unacknowledged' ? appender.flush() : appender.tear(last)).then(die);
      await appender.flush();
      journal.acknowledge(noted);
      acknowledged += placed.length;
      options.onProgress?.(acknowledged);
      waiting = waiting.slice(placed.length);
    }
  }
  await appender.close();
}

/** Waits until at least one append is due at the rate; returns how many are due, at most `most`. */
function paced(rate: number): (most: number, signal: AbortSignal) => Promise<number> {
  const start = Date.now();
  let made = 0;
  return async (most, signal) => {
    if (rate === Infinity) return most;
    const wait = start + ((made + 1) * 1000) / rate - Date.now();
    if (wait > 0) await delay(wait, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return 0;
    const due = Math.min(most, Math.max(1, Math.floor(((Date.now() - start) * rate) / 1000) - made));
    made += due;
    return due;
  };
}

/** Kills this process without warning, like a power cut: no handler runs, nothing is flushed. */
function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

/** The command line's form of the options. */
function optionsOf(args: string[]): SampleWriterOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: {
      connection: text,
      container: text,
      journal: text,
      records: text,
      rate: text,
      'appends-per-write': text,
      seed: text,
      'crash-after': text,
      crash: text,
    },
  });
  const { connection, container, journal, crash } = values;
  if (connection === undefined || container === undefined || journal === undefined)
    throw new Error('--connection, --container and --journal are required');
  if (crash !== undefined && crash !== 'torn' && crash !== 'unacknowledged')
    throw new Error('--crash is torn or unacknowledged');
  return {
    connectionString: connection,
    container,
    journal,
    ...(crash === undefined ? {} : { crash }),
    ...numbers({
      records: values.records,
      rate: values.rate === 'max' ? undefined : values.rate,
      appendsPerWrite: values['appends-per-write'],
      seed: values.seed,
      crashAfter: values['crash-after'],
    }),
  };
}

function numbers<Name extends string>(values: Record<Name, string | undefined>): Partial<Record<Name, number>> {
  const given = Object.entries<string | undefined>(values).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) if (!(Number(value) >= 0)) throw new Error(`${name}: a number is expected`);
  return Object.fromEntries(given.map(([name, value]) => [name, Number(value)])) as Partial<Record<Name, number>>;
}

async function main(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  if (process.channel !== undefined) process.once('disconnect', () => stop.abort());
  // The channel tells the parent our progress, and closes when the parent is gone. It does not keep this process alive.
  process.channel?.unref();
  const onProgress = (acknowledged: number) => void process.send?.({ acknowledged });
  await writeSamples({ ...optionsOf(process.argv.slice(2)), onProgress }, stop.signal);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
