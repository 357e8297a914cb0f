import { describe, expect, test } from 'vitest';

import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered } from '../../support/ferry.js';
import { FakeClock } from '../../support/fakeClock.js';

const server = sharedEmbeddedServer();
const chunk = '00000001-2013-10-15-093000.dat';
const { signal } = new AbortController();

describe('What is kept for people', () => {
  test('The lag is sampled once a minute, also while nothing happens and while the server is away', async () => {
    const ferry = await Ferry.open(server(), { IDLE_POLL_MS: '5000' });
    await ferry.write(chunk, numbered(1, 3));
    const stop = new AbortController();
    let away = false;
    const clock = FakeClock.flowing(async (count) => {
      if (count === 40) {
        away = true;
        await server().stop();
        await ferry.write(chunk, numbered(1, 10));
      }
      if (count === 44) await server().start();
      if (count === 60) stop.abort();
    });
    const replicator = ferry.replicator({ OUTAGE_WAIT_SECONDS: '60' }, clock);
    await replicator.run({ stop: stop.signal, whenCaughtUp: 'wait', onOutage: 'wait' });
    expect(away).toBe(true);

    const samples = await replicator.history(signal);
    const minutes = samples.map(({ at }) => Math.floor(Date.parse(at) / 60_000));
    expect(new Set(minutes).size).toBe(minutes.length);
    expect(Math.max(...minutes.slice(1).map((minute, index) => minute - (minutes[index] ?? 0)))).toBeLessThan(3);
    const behind = samples.filter(({ well }) => !well);
    expect(behind.length).toBeGreaterThanOrEqual(3);
    for (const { lag, position } of behind) {
      expect(position).toBe(3);
      expect(lag).toMatchObject({ events: 7, eventsExact: true });
    }
    expect(behind.map(({ lag }) => lag.seconds)).toEqual(behind.map(({ lag }) => lag.seconds).sort((a, b) => a - b));
    expect(samples.at(-1)).toMatchObject({ lag: { events: 0, seconds: 0 }, position: 10, revision: 9, well: true });
  });

  test('The lag at the end of a copy is none, however long that took', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 3));
    await ferry.run();
    const behindSince = '2001-01-01T00:00:00.000Z';
    await ferry.changeRow((row) => ({ ...row, ...(row.run && { run: { ...row.run, behindSince } }) }));
    await ferry.run();
    const run = (await ferry.row())?.run;
    expect(run?.lag).toEqual({ bytes: 0, events: 0, eventsExact: true, seconds: 0 });
    expect(run?.behindSince).toBeUndefined();
  });

  test('The last runs are kept, well or not, newest first', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 3));
    await ferry.run();
    await ferry.write(chunk, [...numbered(1, 3), { messages: [['$forbidden', '{}']] }]);
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'Unconvertible' });
    const { recentRuns } = await ferry.replicator().status(signal);
    expect(recentRuns).toEqual([
      expect.objectContaining({ end: 'Unconvertible', events: 0 }),
      expect.objectContaining({ end: 'caught-up', events: 3 }),
    ]);
  });

  test('No more than ten runs are kept', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 3));
    for (let run = 0; run < 12; run += 1) await ferry.run();
    expect((await ferry.row())?.run?.recentRuns).toHaveLength(10);
  });
});

describe('Staleness', () => {
  test('Staleness is none while all is replicated, and counts from the last good moment while it is not', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 3));
    const clock = FakeClock.flowing();
    const replicator = ferry.replicator({}, clock);
    await replicator.run({ stop: signal, whenCaughtUp: 'exit', onOutage: 'fail' });
    clock.advance(100_000);
    expect(await replicator.status(signal)).toMatchObject({ healthy: true, staleSeconds: 0 });
    await ferry.write(chunk, numbered(1, 5));
    clock.advance(60_000);
    const { staleSeconds, source } = await replicator.status(signal);
    expect(staleSeconds).toBe(160);
    expect(source.map).toMatchObject({ chunks: 1, readChunks: 0, around: [{ name: chunk }] });
  });
});
