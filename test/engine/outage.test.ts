import { describe, expect, test } from 'vitest';
import { CheckpointKeeper } from '../../src/checkpoint/checkpointKeeper.js';
import { systemClock } from '../../src/clock.js';
import { OutageNotices } from '../../src/engine/outage.js';
import { asFailure, Failure, type StopKind } from '../../src/errors.js';
import { MemoryCheckpointStore } from '../support/memoryCheckpoint.js';
import { RecordingLogger } from '../support/recordingLogger.js';

const unreachable = new Failure('TargetUnreachable', 'the server cannot be reached');
const corrupt = stop('SourceCorrupt', 'chunk a is bad at byte 100');

function stop(kind: StopKind, message: string): Failure & { readonly kind: StopKind } {
  return new Failure(kind, message) as Failure & { readonly kind: StopKind };
}

/** One invocation in a process of its own. */
async function invocation(store: MemoryCheckpointStore) {
  const logger = new RecordingLogger();
  const keeper = new CheckpointKeeper(store, systemClock, { source: 's', stream: 't', settings: {} });
  await keeper.load().catch(() => undefined);
  return { notices: new OutageNotices(keeper, systemClock, logger), logger, keeper };
}

describe('an outage', () => {
  test('is told once when it begins and once when it ends, across invocations', async () => {
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

  test('counts its tries and keeps its beginning', async () => {
    const store = new MemoryCheckpointStore();
    const { notices } = await invocation(store);
    await notices.failed(unreachable);
    const since = store.stored?.row.run?.outage?.since;
    await notices.failed(unreachable);
    expect(store.stored?.row.run?.outage).toMatchObject({ since, tries: 2, notification: 'sent' });
  });

  test('is told again by the next process when the one that claimed it died before it could tell', async () => {
    const store = new MemoryCheckpointStore();
    const died = await invocation(store);
    await died.notices.failed(unreachable);
    const row = store.stored?.row;
    const outage = row?.run?.outage;
    if (!row?.run || !outage || !store.stored) throw new Error('no outage was noted');
    await store.replace(
      { ...row, run: { ...row.run, outage: { ...outage, notification: 'claimed' } } },
      store.stored.etag,
    );
    const next = await invocation(store);
    await next.notices.failed(unreachable);
    expect(next.logger.events('error')).toEqual(['outage-began']);
    const after = await invocation(store);
    await after.notices.failed(unreachable);
    expect(after.logger.events('error')).toEqual([]);
  });

  test('is told once per process when the table cannot be written', async () => {
    const store = new MemoryCheckpointStore();
    store.down = true;
    const { notices, logger, keeper } = await invocation(store);
    await notices.failed(unreachable);
    await notices.failed(unreachable);
    expect(logger.events('error')).toEqual(['outage-began']);
    store.down = false;
    await keeper.load();
    await notices.good();
    expect(logger.events('error')).toEqual(['outage-began', 'outage-ended']);
  });

  test('that begins anew after its end is told anew', async () => {
    const { notices, logger } = await invocation(new MemoryCheckpointStore());
    await notices.failed(unreachable);
    await notices.good();
    await notices.failed(unreachable);
    expect(logger.events('error')).toEqual(['outage-began', 'outage-ended', 'outage-began']);
  });

  test('says what failed and what to do', async () => {
    const { notices, logger } = await invocation(new MemoryCheckpointStore());
    await notices.failed(unreachable);
    expect(logger.lines[0]?.facts).toMatchObject({
      kind: 'TargetUnreachable',
      message: 'the server cannot be reached',
      wayOut: unreachable.wayOut,
    });
  });

  test('that comes from a defect leaves the stack in the log', async () => {
    const { notices, logger } = await invocation(new MemoryCheckpointStore());
    await notices.failed(asFailure(new TypeError('x is not a function')));
    expect(logger.lines[0]?.facts).toMatchObject({
      kind: 'Unexpected',
      stack: expect.stringContaining('outage.test.ts') as string,
    });
  });
});

describe('a stop', () => {
  test('is told once per cause, across invocations', async () => {
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

  test('keeps since when, and is gone with the next good pass', async () => {
    const store = new MemoryCheckpointStore();
    const { notices } = await invocation(store);
    await notices.stopped(corrupt);
    expect(store.stored?.row.run?.stop).toMatchObject({ failure: { kind: 'SourceCorrupt' }, notification: 'sent' });
    await (await invocation(store)).notices.good();
    expect(store.stored?.row.run?.stop).toBeUndefined();
  });

  test('ends an outage: the parts can be reached again', async () => {
    const { notices, logger } = await invocation(new MemoryCheckpointStore());
    await notices.failed(unreachable);
    await notices.stopped(corrupt);
    expect(logger.events('error')).toEqual(['outage-began', 'outage-ended', 'stopped']);
  });
});
