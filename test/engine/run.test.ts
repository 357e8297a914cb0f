import { describe, expect, test } from 'vitest';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../support/ferry.js';
import { FakeClock } from '../support/fakeClock.js';
import { eventually, until } from '../support/waits.js';

const server = sharedEmbeddedServer();
const chunk = '00000001-2013-10-15-093000.dat';
/** Leaves every wait at its default. */
const defaults = { IDLE_POLL_MS: '', OUTAGE_WAIT_SECONDS: '', EMPTY_SOURCE_WAIT_SECONDS: '', SETTLE_SECONDS: '' };

/** A stream that seems to be absent is looked at again after a second; that is not what these tests are about. */
const withoutSecondLooks = (slept: readonly number[]) => slept.filter((ms) => ms !== 1_000);

describe('a run that goes on', () => {
  test('A following run polls every 500 ms when caught up, and replicates what comes', async () => {
    const ferry = await Ferry.open(server(), defaults);
    await ferry.write(chunk, numbered(1, 3));
    const stop = new AbortController();
    const clock = FakeClock.flowing(async (count) => {
      if (count === 3) await ferry.write(chunk, numbered(1, 5));
      if (count === 30) stop.abort();
    });
    const replicator = ferry.replicator({}, clock);
    const report = await replicator.run({ stop: stop.signal, whenCaughtUp: 'wait', onOutage: 'wait' });
    expect(new Set(withoutSecondLooks(clock.slept))).toEqual(new Set([500]));
    expect(ferry.bodies()).toEqual(numberedBodies(1, 5));
    expect(report).toMatchObject({ end: 'stop-requested', anotherRunner: false });
  });

  test('A following run looks every 30 s at a source without records', async () => {
    const ferry = await Ferry.open(server(), defaults);
    const stop = new AbortController();
    const clock = FakeClock.flowing(async (count, ms) => {
      if (count === 10) await ferry.write(chunk, numbered(1, 2));
      if (ms === 500) stop.abort();
    });
    await ferry.replicator({}, clock).run({ stop: stop.signal, whenCaughtUp: 'wait', onOutage: 'wait' });
    const waits = withoutSecondLooks(clock.slept);
    expect(waits.length).toBeGreaterThan(4);
    expect(waits).toEqual([...waits.slice(1).map(() => 30_000), 500]);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 2));
  });

  test('A following run waits a minute between tries in an outage, and reports it once when it begins and once when it ends', async () => {
    const ferry = await Ferry.open(server(), defaults);
    await ferry.write(chunk, numbered(1, 3));
    const stop = new AbortController();
    const clock = FakeClock.flowing(async (count, ms) => {
      if (count === 3) await server().start();
      if (ms === 500) stop.abort();
    });
    await server().stop();
    await ferry.replicator({}, clock).run({ stop: stop.signal, whenCaughtUp: 'wait', onOutage: 'wait' });
    expect(withoutSecondLooks(clock.slept)).toEqual([60_000, 60_000, 60_000, 500]);
    expect(ferry.logger.events('error')).toEqual(['outage-began', 'outage-ended']);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
  });

  test('A following run ends when its budget is used up, and the next one goes on', async () => {
    const ferry = await Ferry.open(server(), defaults);
    await ferry.write(chunk, numbered(1, 3));
    const clock = FakeClock.flowing();
    const order = { stop: new AbortController().signal, whenCaughtUp: 'wait', onOutage: 'fail' } as const;
    const replicator = ferry.replicator({}, clock);
    const report = await replicator.run({ ...order, budgetMs: 10_000 });
    expect(report.end).toBe('budget-used');
    expect(clock.slept.reduce((sum, ms) => sum + ms)).toBe(10_000);
    await ferry.write(chunk, numbered(1, 4));
    await replicator.run({ ...order, budgetMs: 1_000 });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 4));
  });

  test('A following run starts again from what the target holds once an append has failed', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 3));
    const stop = new AbortController();
    const clock = FakeClock.flowing(async (count) => {
      if (count === 5) {
        await server().truncateTo(ferry.stream, 0);
        await ferry.write(chunk, numbered(1, 5));
      }
      if (count > 100 || ferry.events().length === 5) stop.abort();
    });
    await ferry.replicator({}, clock).run({ stop: stop.signal, whenCaughtUp: 'wait', onOutage: 'wait' });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 5));
    expect(ferry.logger.events('error')).toEqual([]);
  });

  test('A following run renews the row at least once a minute while it waits', async () => {
    const ferry = await Ferry.open(server(), { ...defaults, IDLE_POLL_MS: '10000' });
    await ferry.write(chunk, numbered(1, 3));
    const stop = new AbortController();
    const refreshed = new Set<string>();
    const clock = FakeClock.flowing(async (count) => {
      const at = (await ferry.row())?.run?.refreshedAt;
      if (at !== undefined) refreshed.add(at);
      if (count === 30) stop.abort();
    });
    await ferry.replicator({}, clock).run({ stop: stop.signal, whenCaughtUp: 'wait', onOutage: 'wait' });
    const times = [...refreshed].map((time) => Date.parse(time)).sort((one, other) => one - other);
    expect(times.length).toBeGreaterThanOrEqual(4);
    for (const [index, time] of times.slice(1).entries())
      expect(time - (times[index] ?? 0)).toBeLessThanOrEqual(70_000);
  });
});

describe('a run until caught up', () => {
  test('A run until caught up ends with nothing to replicate when the source has no record', async () => {
    const ferry = await Ferry.open(server());
    expect(await ferry.run()).toMatchObject({ end: 'nothing-to-replicate' });
    expect(ferry.events()).toEqual([]);
  });

  test('A run until caught up fails with the outage when its caller waits', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 3));
    await server().stop();
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'TargetUnreachable', policy: 'wait' });
    await server().start();
    await ferry.run();
    expect(ferry.logger.events('error')).toEqual(['outage-began', 'outage-ended']);
  });

  test('A run until caught up goes on after an acknowledgement was lost, without a double', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 300));
    server().faults.loseAcknowledgements(1);
    const clock = FakeClock.flowing();
    const running = ferry.replicator({}, clock).run({
      stop: new AbortController().signal,
      whenCaughtUp: 'exit',
      onOutage: 'fail',
    });
    await eventually('300 events in the target', () => expect(ferry.events()).toHaveLength(300));
    // Time for the answer that never comes to be missed; the second try needs none.
    clock.advance(300_000);
    await until('the run to end', running);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 300));
  });

  test('A run beside another one is harmless: every event is there once, in order', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 3000));
    const stop = new AbortController().signal;
    const order = { stop, whenCaughtUp: 'exit', onOutage: 'wait' } as const;
    await Promise.all([ferry.replicator().run(order), ferry.replicator().run(order), ferry.replicator().run(order)]);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3000));
  });
});
