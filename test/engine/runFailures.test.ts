import { expect, test } from 'vitest';
import { CheckpointKeeper } from '../../src/checkpoint/keeper.js';
import { run } from '../../src/engine/run.js';
import type { Parts } from '../../src/engine/parts.js';
import { Failure } from '../../src/core/failure.js';
import { noTelemetry } from '../../src/telemetry/telemetry.js';
import { MemoryCheckpointStore } from '../support/stores/memoryCheckpoint.js';
import { RecordingLogger } from '../support/recordingLogger.js';
import { FakeClock } from '../support/fakeClock.js';

test('A failure that comes while another is handled is handled too', async () => {
  const stop = new AbortController();
  let loads = 0;
  const checkpoint = {
    load: () => {
      loads += 1;
      if (loads === 3) stop.abort();
      return Promise.reject(new Failure(loads === 1 ? 'AnotherRunner' : 'CheckpointUnreachable', `load ${loads}`));
    },
    save: () => Promise.reject(new Failure('CheckpointMoved', 'somebody else wrote the row')),
    patchRun: () => undefined,
  };
  const logger = new RecordingLogger();
  const parts = {
    clock: FakeClock.flowing(),
    stream: 's',
    logger,
    telemetry: noTelemetry,
    checkpoint,
  } as unknown as Parts;
  const report = await run(parts, {
    stop: stop.signal,
    whenCaughtUp: 'wait',
    idlePollMs: 500,
    emptySourceWaitMs: 30_000,
    outageWaitMs: 60_000,
    appendDeadlineMs: 31_000,
  });
  expect(report).toEqual({ end: 'stop-requested', events: 0, anotherRunner: true });
  expect(logger.lines.filter(({ event }) => event === 'resume').map(({ facts }) => facts['kind'])).toEqual([
    'CheckpointMoved',
  ]);
  expect(logger.events('error')).toEqual(['outage-began']);
});

test('A failure that cannot even be handled is waited out, and ends a run that does not wait', async () => {
  const stop = new AbortController();
  const clock = FakeClock.flowing((count) => void (count === 3 && stop.abort()));
  let lines = 0;
  const broken = () => {
    lines += 1;
    if (lines > 1_000) stop.abort(); // it loops without a wait
    throw new TypeError('the logger is broken');
  };
  const parts = {
    clock,
    stream: 's',
    logger: { info: () => undefined, warn: broken, error: broken },
    telemetry: noTelemetry,
    checkpoint: {
      load: () => Promise.reject(new Failure('CheckpointUnreachable', 'nobody is there')),
      save: () => Promise.resolve(),
      patchRun: () => undefined,
    },
  } as unknown as Parts;
  const terms = { stop: stop.signal, whenCaughtUp: 'wait', idlePollMs: 500, emptySourceWaitMs: 30_000 } as const;
  await run(parts, { ...terms, outageWaitMs: 60_000, appendDeadlineMs: 31_000 });
  expect(clock.slept).toEqual([60_000, 60_000, 60_000]);
  expect(lines).toBeLessThan(10);

  const waitless = run(parts, { ...terms, stop: new AbortController().signal, appendDeadlineMs: 31_000 });
  await expect(waitless).rejects.toMatchObject({ kind: 'Unexpected', message: 'the logger is broken' });
});

test('A row that is said to be there but cannot be seen is looked for once a second, not at once for ever', async () => {
  const stop = new AbortController();
  let loads = 0;
  const clock = FakeClock.flowing((count) => void (count === 5 && stop.abort()));
  const checkpoint = {
    load: () => {
      loads += 1;
      if (loads > 1_000) stop.abort();
      return Promise.reject(new Failure('CheckpointMoved', 'somebody else wrote the row'));
    },
    save: () => Promise.resolve(),
    patchRun: () => undefined,
  };
  const logger = new RecordingLogger();
  const parts = { clock, stream: 's', logger, telemetry: noTelemetry, checkpoint } as unknown as Parts;
  await run(parts, {
    stop: stop.signal,
    whenCaughtUp: 'wait',
    idlePollMs: 500,
    emptySourceWaitMs: 30_000,
    appendDeadlineMs: 31_000,
  });
  expect(clock.slept).toEqual([1_000, 1_000, 1_000, 1_000, 1_000]);
  expect(loads).toBe(10);
});

test('A run that outlives its budget by more than an append and 15 s gives itself up and tells people', async () => {
  const clock = FakeClock.flowing();
  const never = new Promise<never>(() => undefined);
  const logger = new RecordingLogger();
  const parts = {
    clock,
    stream: 's',
    logger,
    telemetry: noTelemetry,
    checkpoint: { load: () => never, patchRun: () => undefined, save: () => Promise.resolve() },
  } as unknown as Parts;
  const running = run(parts, {
    stop: new AbortController().signal,
    budgetMs: 60_000,
    whenCaughtUp: 'wait',
    idlePollMs: 500,
    emptySourceWaitMs: 30_000,
    appendDeadlineMs: 31_000,
  });
  clock.advance(105_999);
  clock.advance(1);
  await expect(running).rejects.toMatchObject({ kind: 'RunOverdue', facts: { afterMs: 106_000 } });
  expect(logger.events('error')).toEqual(['outage-began']);
});

test('Another runner that is left to it for five minutes without the lag falling is an outage', async () => {
  const clock = FakeClock.flowing();
  const identity = { source: 'source', stream: 's', settings: {} };
  const parts = {
    clock,
    stream: 's',
    logger: new RecordingLogger(),
    telemetry: noTelemetry,
    checkpoint: new CheckpointKeeper(new MemoryCheckpointStore(), clock, identity),
    target: { tail: () => Promise.reject(new Failure('AnotherRunner', 'Another runner appends to stream s.')) },
    source: { lag: () => Promise.reject(new Failure('SourceUnreachable', 'nobody is there')) },
  } as unknown as Parts;
  const running = run(parts, {
    stop: new AbortController().signal,
    budgetMs: 3_600_000,
    whenCaughtUp: 'wait',
    idlePollMs: 500,
    emptySourceWaitMs: 30_000,
    outageWaitMs: 60_000,
    outageTries: 1,
    appendDeadlineMs: 31_000,
  });
  await expect(running).rejects.toMatchObject({ kind: 'TargetRefused', policy: 'wait' });
  expect(clock.slept).toEqual(Array.from({ length: 60 }, () => 5_000));
});
