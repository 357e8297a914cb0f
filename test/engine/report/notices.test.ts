import { describe, expect, test } from 'vitest';
import { asFailure, Failure } from '../../../src/core/failure.js';
import { MemoryCheckpointStore } from '../../support/stores/memoryCheckpoint.js';
import { FakeClock } from '../../support/fakeClock.js';
import { eventually } from '../../support/waits.js';
import { corrupt, invocation, openWebhook, stop, unreachable } from './noticesInvocation.js';

describe('an outage', () => {
  test('An outage is reported once when it begins and once when it ends, across invocations', async () => {
    const store = new MemoryCheckpointStore();
    const first = await invocation(store);
    await first.notices.failed(unreachable);
    const second = await invocation(store);
    await second.notices.failed(unreachable);
    const third = await invocation(store);
    await third.notices.good();
    const fourth = await invocation(store);
    await fourth.notices.good();
    expect(first.logger.events('error')).toEqual(['outage-began']);
    expect(second.logger.events('error')).toEqual([]);
    expect(second.logger.events('warn')).toEqual(['outage-goes-on']);
    expect(third.logger.events('error')).toEqual(['outage-ended']);
    expect(fourth.logger.lines).toEqual([]);
  });

  test('An outage counts its tries and keeps its beginning', async () => {
    const store = new MemoryCheckpointStore();
    const { notices } = await invocation(store);
    await notices.failed(unreachable);
    const since = store.stored?.row.run?.outage?.since;
    await notices.failed(unreachable);
    expect(store.stored?.row.run?.outage).toMatchObject({ since, tries: 2, notification: 'sent' });
  });

  test('An outage is reported by the next process when the one that claimed it died before it could report it', async () => {
    const store = new MemoryCheckpointStore();
    const clock = FakeClock.flowing();
    const died = await invocation(store, { clock });
    died.logger.error = () => {
      throw new Error('killed');
    };
    await expect(died.notices.failed(unreachable)).rejects.toThrow('killed');
    expect(store.stored?.row.run?.outage).toMatchObject({ notification: 'claimed' });

    const next = await invocation(store, { clock });
    await next.notices.failed(unreachable);
    expect(next.logger.events('error')).toEqual([]); // the process that claimed it may be about to tell
    clock.advance(60_000);
    const later = await invocation(store, { clock });
    await later.notices.failed(unreachable);
    expect(later.logger.events('error')).toEqual(['outage-began']);
    const after = await invocation(store, { clock });
    await after.notices.failed(unreachable);
    expect(after.logger.events('error')).toEqual([]);
  });

  test('An outage whose end was claimed by a process that died is reported as over by the next one', async () => {
    const store = new MemoryCheckpointStore();
    const clock = FakeClock.flowing();
    const died = await invocation(store, { clock });
    await died.notices.failed(unreachable);
    died.logger.error = () => {
      throw new Error('killed');
    };
    await expect(died.notices.good()).rejects.toThrow('killed');
    clock.advance(60_000);
    const next = await invocation(store, { clock });
    await next.notices.good();
    expect(next.logger.events('error')).toEqual(['outage-ended']);
    expect(store.stored?.row.run?.outage).toBeUndefined();
  });

  test('An outage that two processes meet at the same moment is reported by one of them when it begins and when it ends', async () => {
    const store = new MemoryCheckpointStore();
    await (await invocation(store)).notices.stopped(corrupt); // there is a row
    const both = [await invocation(store), await invocation(store)];
    for (const { notices } of both) await notices.failed(unreachable);
    const told = () => both.flatMap(({ logger }) => logger.events('error'));
    expect(told()).toEqual(['outage-began']);
    for (const { notices, keeper } of both) {
      await notices.good().catch(async (error: Failure) => {
        expect(error.kind).toBe('CheckpointMoved'); // the run reads the row again and goes on
        await keeper.load();
        await notices.good();
      });
    }
    expect(told()).toEqual(['outage-began', 'outage-ended']);
    expect(store.stored?.row.run?.outage).toBeUndefined();
  });

  test('An outage is reported once per process when the table cannot be written', async () => {
    const store = new MemoryCheckpointStore();
    store.down = true;
    const { notices, logger, keeper } = await invocation(store);
    for (let invocations = 0; invocations < 3; invocations += 1) {
      await keeper.load().catch(() => undefined);
      await notices.failed(unreachable);
    }
    expect(logger.events('error')).toEqual(['outage-began']);
    store.down = false;
    await keeper.load();
    await notices.good();
    await notices.good();
    expect(logger.events('error')).toEqual(['outage-began', 'outage-ended']);
  });

  test('An outage of the table is written down once it can be, and is not reported again by others', async () => {
    const store = new MemoryCheckpointStore();
    store.down = true;
    const { notices, logger, keeper } = await invocation(store);
    await notices.failed(unreachable);
    store.down = false;
    await keeper.load();
    await notices.failed(unreachable); // now it is another part that fails
    const other = await invocation(store);
    await other.notices.failed(unreachable);
    await other.notices.good();
    await keeper.load();
    await notices.good();
    expect(logger.events('error')).toEqual(['outage-began']);
    expect(other.logger.events('error')).toEqual(['outage-ended']);
  });

  test('An outage of the table that begins while the end of another is being written is reported when it ends, once', async () => {
    const { webhook, receiver, events } = await openWebhook();
    const store = new MemoryCheckpointStore();
    const { notices, logger, keeper } = await invocation(store, { webhook });
    await notices.failed(unreachable);
    await notices.settled(60_000);
    receiver.answer = 'hang';
    await notices.good();
    store.down = true;
    await notices.failed(new Failure('CheckpointUnreachable', 'the table cannot be reached'));
    store.down = false;
    await keeper.load(); // the row still says that the first one has ended
    await notices.failed(unreachable);
    expect(logger.events('error')).toEqual(['outage-began', 'outage-ended', 'outage-began']);
    await keeper.load();
    await notices.good();
    await notices.good();
    expect(logger.events('error')).toEqual(['outage-began', 'outage-ended', 'outage-began', 'outage-ended']);
    // The second one hangs; the others wait behind it.
    await eventually('the end to be posted', () => expect(events()).toEqual(['outage-began', 'outage-ended']));
  });

  test('An outage that begins anew after its end is reported anew', async () => {
    const { notices, logger } = await invocation(new MemoryCheckpointStore());
    await notices.failed(unreachable);
    await notices.good();
    await notices.failed(unreachable);
    expect(logger.events('error')).toEqual(['outage-began', 'outage-ended', 'outage-began']);
  });

  test('An outage says what failed and what to do', async () => {
    const { notices, logger } = await invocation(new MemoryCheckpointStore());
    await notices.failed(unreachable);
    expect(logger.lines[0]?.facts).toMatchObject({
      kind: 'TargetUnreachable',
      message: 'the server cannot be reached',
      remedy: unreachable.remedy,
    });
  });

  test('An outage that comes from a defect leaves the stack in the log', async () => {
    const { notices, logger } = await invocation(new MemoryCheckpointStore());
    await notices.failed(asFailure(new TypeError('x is not a function')));
    expect(logger.lines[0]?.facts).toMatchObject({
      kind: 'Unexpected',
      stack: expect.stringContaining('notices.test.ts') as string,
    });
  });
});

describe('a stop', () => {
  test('A stop is reported once per cause, across invocations', async () => {
    const store = new MemoryCheckpointStore();
    const first = await invocation(store);
    await first.notices.stopped(corrupt);
    const second = await invocation(store);
    await second.notices.stopped(corrupt);
    const third = await invocation(store);
    await third.notices.stopped(stop('SourceCorrupt', 'chunk b is bad at byte 7'));
    expect(first.logger.events('error')).toEqual(['stopped']);
    expect(second.logger.events('error')).toEqual([]);
    expect(second.logger.events('warn')).toEqual(['still-stopped']);
    expect(third.logger.events('error')).toEqual(['stopped']);
  });

  test('A stop keeps its beginning, and is gone with the next good pass', async () => {
    const store = new MemoryCheckpointStore();
    const { notices } = await invocation(store);
    await notices.stopped(corrupt);
    expect(store.stored?.row.run?.stop).toMatchObject({ failure: { kind: 'SourceCorrupt' }, notification: 'sent' });
    await (await invocation(store)).notices.good();
    expect(store.stored?.row.run?.stop).toBeUndefined();
  });

  test('A stop ends an outage: all parts can be reached again', async () => {
    const { notices, logger } = await invocation(new MemoryCheckpointStore());
    await notices.failed(unreachable);
    await notices.stopped(corrupt);
    expect(logger.events('error')).toEqual(['outage-began', 'outage-ended', 'stopped']);
  });
});
