import { setTimeout as delay } from 'node:timers/promises';

import { readJournal, type JournalEntry } from '../../dev/writer/journal.js';
import { systemClock } from '../../src/core/clock.js';
import { loadConfig } from '../../src/config/config.js';
import { parseMark } from '../../src/convert/eventIdAndMark.js';
import { eventStoreTarget } from '../../src/target/eventStoreTarget.js';
import { silentLogger } from '../../src/core/logger.js';
import type { World } from './world.js';

/** How long it may take after the last act until everything written is in the stream. */
const maxMs = 60_000;

/**
 * Waits until the stream ends with the last event whose write was acknowledged, or with a later one.
 *
 * @returns how long it took, in ms
 * @throws Error when it takes too long: a replicator that silently stays behind is as bad as one that loses events
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
  throw new Error(`${maxMs / 1000} s after the last act the stream is still behind the source`);
}

/** The journal's index of the commit whose last event is the tail of the stream; -1 for none. */
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
