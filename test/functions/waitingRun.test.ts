import { expect, onTestFinished, test } from 'vitest';

import type { Status } from '../../src/engine/report/status.js';
import { statusAnswer } from '../../src/functions/statusAnswer.js';
import { TimerRuns } from '../../src/functions/worker/timerRuns.js';
import { WorkerReplicator } from '../../src/functions/worker/workerReplicator.js';
import { createReplicator } from '../../src/replicator.js';
import { Runtime } from '../../src/runtime.js';
import { silentLogger } from '../../src/core/logger.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { FakeClock } from '../support/fakeClock.js';
import { Ferry, numbered } from '../support/ferry.js';
import { idleReplicator } from './idleReplicator.js';

const server = sharedEmbeddedServer();
const runSeconds = 240;

/** `waitingRun.long.test.ts` shows the same of two processes. */
test('A run that waits keeps the status of another worker green, minute after minute', async () => {
  const ferry = await Ferry.open(server(), { IDLE_POLL_MS: '5000', RUN_SECONDS: String(runSeconds) });
  await ferry.write('00000001-2013-10-15-093000.dat', numbered(1, 3));
  const seen = new Set<string | undefined>();
  const answers = new Set<number>();
  const viewer = new WorkerReplicator(
    (config) => createReplicator(config, new Runtime({ logger: silentLogger, clock })),
    () => ferry.environment(),
  );
  const clock = new FakeClock(Date.now(), async (_, ms) => {
    if (ms !== 5_000) return; // not at the head of the source yet
    const { status, body } = await statusAnswer(viewer, clock);
    const { run, recentRuns } = JSON.parse(body as string) as Status;
    expect(recentRuns).toBeUndefined(); // it is one and the same run
    if (run?.caughtUpAt === undefined) return;
    answers.add(Number(status));
    seen.add(run.refreshedAt);
  }).flow();
  const runs = new TimerRuns(
    () => ferry.environment(),
    clock,
    // What is beside the first run would make time flow while the run waits for an answer.
    (...built) => ({ ...createReplicator(...built), examineOnce: (signal) => idleReplicator().examineOnce(signal) }),
  );
  onTestFinished(async () => {
    await runs.terminate();
    await viewer.close();
  });

  const startedAt = clock.now();
  await runs.invoke({ info: () => undefined, warn: () => undefined, error: () => undefined });
  expect([...answers]).toEqual([200]);
  expect(seen.size).toBeGreaterThan(3);
  expect(Math.max(...[...seen].map((at) => Date.parse(at ?? '')))).toBeGreaterThan(
    startedAt + (runSeconds - 60) * 1000,
  );
});
