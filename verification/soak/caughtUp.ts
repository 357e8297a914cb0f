import { setTimeout as delay } from 'node:timers/promises';

import { readJournal, type JournalEntry } from '../../dev/writer/journal.js';
import { systemClock } from '../../src/core/clock.js';
import { loadConfig } from '../../src/config/config.js';
import { parseMark } from '../../src/convert/eventIdAndMark.js';
import { eventStoreTarget } from '../../src/target/eventStoreTarget.js';
import { silentLogger } from '../../src/core/logger.js';
import type { World } from './world.js';

/** Once nothing is done to them any more, everything written must be in the stream after so long at most. */
const maxMs = 60_000;

/**
 * Waits until the stream ends with the last event that the writer was told is written, or with a later one.
 *
 * @returns how long it took, in ms
 * @throws Error when it takes too long: a replicator that stays behind without a word is as bad as one that loses
 */
export async function caughtUp(world: World, signal: AbortSignal): Promise<number> {
  const journal = readJournal(world.journal);
  const last = journal.findLastIndex(
    ({ acknowledged, key, messages }) => acknowledged && key !== 'audit' && messages.length > 0,
  );
  const start = Date.now();
  while (Date.now() - start < maxMs) {
    if ((await tailIndex(world, journal, signal)) >= last) return Date.now() - start;
    await delay(100, undefined, { signal });
  }
  throw new Error(`${maxMs / 1000} s after the last act the stream still lags`);
}

/** The commit of the journal that the stream ends with, all of its events; -1 for none. */
async function tailIndex(world: World, journal: readonly JournalEntry[], signal: AbortSignal): Promise<number> {
  if (world.serverPort === undefined) return -1;
  const { config } = loadConfig(world.settings(`esdb://127.0.0.1:${world.serverPort}?tls=false`));
  const target = eventStoreTarget({ ...config.target, clock: systemClock, logger: silentLogger });
  try {
    const tail = await target.tail(config.target.stream, signal);
    const mark = tail.kind === 'event' ? parseMark(tail.event.metadata) : undefined;
    if (!mark || mark.index < mark.count - 1) return -1;
    return journal.findLastIndex(({ chunk, offset }) => chunk === mark.chunk && offset === mark.offset);
  } finally {
    await target.close();
  }
}
