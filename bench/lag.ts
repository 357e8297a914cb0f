import { EventStoreDBClient, FORWARDS, START } from '@eventstore/db-client';
import { setTimeout as delay } from 'node:timers/promises';
import type { Commit } from '../dev/writer/messageStore.js';
import { TapeAppender } from '../dev/writer/tapeAppender.js';
import { startChild } from './child.js';
import { figure, quantile, type Line } from './figures.js';
import type { Lab } from './lab/lab.js';

const lookEveryMs = 5;
/** The average gap between two writes. Gaps are random, so that writes fall anywhere between two polls. */
const averageGapMs = 30;

/** Measures the time from a write's acknowledgement until its event is readable, with the default poll. */
export async function lag(lab: Lab, { writes, bodyBytes }: { writes: number; bodyBytes: number }): Promise<Line[]> {
  const container = await lab.newContainer();
  const environment = lab.newReplication(container);
  const appender = await TapeAppender.open(container);
  const write = async (): Promise<number> => {
    await appender.place([commit(appender.records + 1, bodyBytes)]);
    await appender.flush();
    return performance.now();
  };
  await write();
  const follower = await startChild(new URL('lab/follower.ts', import.meta.url), environment);
  const ended = new AbortController();
  const acknowledged = [await write()];
  const seen = watch(lab.eventStore, environment['TARGET_STREAM'] ?? '', writes, ended.signal);
  while (acknowledged.length < writes) {
    await delay(Math.random() * 2 * averageGapMs);
    acknowledged.push(await write());
  }
  const timer = setTimeout(() => ended.abort(new Error('Not every write has arrived after 30 s.')), 30_000);
  const readable = await seen;
  clearTimeout(timer);
  await follower.stop();
  const lags = acknowledged
    .map((at, index) => ((readable[index] ?? NaN) - at) / 1000)
    .sort((one, other) => one - other);
  const of = `lag over ${writes.toLocaleString('en-US')} writes`;
  return [
    { name: `${of}, p50`, figure: figure([quantile(lags, 0.5)]), unit: 's', goal: { atMost: 0.4 } },
    { name: `${of}, p99`, figure: figure([quantile(lags, 0.99)]), unit: 's', goal: { atMost: 0.9 } },
    { name: `${of}, longest`, figure: figure([quantile(lags, 1)]), unit: 's' },
  ];
}

/** Reads the stream all the time. @returns when each event after the first became readable */
async function watch(server: string, stream: string, count: number, ended: AbortSignal): Promise<number[]> {
  const client = EventStoreDBClient.connectionString(server);
  const readable: number[] = [];
  let next = 1n;
  while (readable.length < count) {
    ended.throwIfAborted();
    const events = client.readStream(stream, { direction: FORWARDS, fromRevision: next || START, maxCount: 500 });
    try {
      for await (const { event } of events) {
        readable.push(performance.now());
        next = (event?.revision ?? next) + 1n;
      }
    } catch (thrown) {
      if ((thrown as { type?: string }).type !== 'stream-not-found') throw thrown;
    }
    await delay(lookEveryMs);
  }
  await client.dispose();
  return readable;
}

function commit(number: number, bodyBytes: number): Commit {
  const body = Buffer.from(`{"Order":${number},"Note":"${'x'.repeat(Math.max(0, bodyBytes - 30))}"}`);
  return { key: `customer:${number % 1000}`, attributes: [], messages: [{ contract: 'Shop/OrderPlaced', body }] };
}
