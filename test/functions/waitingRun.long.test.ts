import { expect, test } from 'vitest';

import type { Status } from '../../src/engine/report/status.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered } from '../support/ferry.js';
import { eventually, until } from '../support/waits.js';
import { FunctionsHost } from './functionsHost.js';

const server = sharedEmbeddedServer();
const refreshes = 3;

test('A run that waits in one worker process keeps the status of another one green, minute after minute', async () => {
  const ferry = await Ferry.open(server(), { IDLE_POLL_MS: undefined, RUN_SECONDS: '240' });
  await ferry.write('00000001-2013-10-15-093000.dat', numbered(1, 3));
  const time = { since: Date.now(), timesFaster: 15 };
  const [runner, elsewhere] = [
    await FunctionsHost.start(ferry.environment(), time),
    await FunctionsHost.start(ferry.environment(), time),
  ];
  const run = runner.replicate();
  const look = async () => {
    const { status, body } = await elsewhere.status();
    return { status, ...(body as Status) };
  };
  await eventually('a run at the head of its source', async () => expect((await look()).run?.caughtUpAt).toBeDefined());

  const seen = new Set<string | undefined>();
  const answers = new Set<number>();
  await eventually(`${refreshes} more notes of the run`, async () => {
    const { status, run: note } = await look();
    answers.add(status);
    expect(seen.add(note?.refreshedAt).size).toBeGreaterThan(refreshes);
  });
  expect([...answers]).toEqual([200]);
  const { run: note, recentRuns } = await look();
  expect(recentRuns).toBeUndefined(); // it was one and the same run
  expect(Date.parse(note?.refreshedAt ?? '') - Date.parse(note?.startedAt ?? '')).toBeGreaterThan(
    (refreshes - 1) * 60_000,
  );
  await runner.terminate();
  await until('the end of the run', run);
});
