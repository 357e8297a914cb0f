import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../src/core/logger.js';
import { createReplicator } from '../src/replicator.js';
import { Runtime } from '../src/runtime.js';
import type { Sending } from '../src/telemetry/openTelemetry.js';
import { noTelemetry } from '../src/telemetry/telemetry.js';
import { sharedEmbeddedServer } from './support/services/embeddedServer.js';
import { FakeClock } from './support/fakeClock.js';
import { Ferry, numbered, numberedBodies } from './support/ferry.js';

const server = sharedEmbeddedServer();
const chunk = '00000001-2013-10-15-093000.dat';
const order = { stop: new AbortController().signal, whenCaughtUp: 'exit', onOutage: 'fail' } as const;

/** Keeps for each source how many calls to storage were counted. */
function countedCalls(): { readonly calls: Map<string, number>; readonly sending: Sending } {
  const calls = new Map<string, number>();
  const measuring: Sending['measuring'] = ({ source = '' }) => ({
    ...noTelemetry,
    add: (name, value) => {
      if (name === 'eventferry.storage.calls') calls.set(source, (calls.get(source) ?? 0) + value);
    },
  });
  const done = () => Promise.resolve();
  return { calls, sending: { measuring, log: () => undefined, flush: done, shutdown: done } };
}

test('Two replicators of one runtime replicate side by side, each counted alone, and one goes on when the other is closed', async () => {
  const { calls, sending } = countedCalls();
  const runtime = new Runtime({ logger: silentLogger, clock: FakeClock.flowing(), sending });
  const one = await Ferry.open(server());
  const other = await Ferry.open(server());
  await one.write(chunk, numbered(1, 3));
  await other.write(chunk, numbered(1, 2));
  const [closed, open] = [createReplicator(one.config(), runtime), createReplicator(other.config(), runtime)];
  onTestFinished(async () => {
    await open.close();
    runtime.close();
  });
  await Promise.all([closed.run(order), open.run(order)]);
  expect([one.bodies(), other.bodies()]).toEqual([numberedBodies(1, 3), numberedBodies(1, 2)]);
  expect(new Set(calls.keys())).toEqual(new Set([one.config().source.id, other.config().source.id]));

  await closed.close();
  const before = new Map(calls);
  await other.write(chunk, numbered(1, 4));
  expect(await open.run(order)).toMatchObject({ end: 'caught-up', events: 2 });
  expect(other.bodies()).toEqual(numberedBodies(1, 4));
  const counted = (ferry: Ferry) =>
    (calls.get(ferry.config().source.id) ?? 0) - (before.get(ferry.config().source.id) ?? 0);
  expect([counted(one), counted(other) > 0]).toEqual([0, true]);
});

test('A runtime that was closed counts no more calls, and its replicators still replicate', async () => {
  const { calls, sending } = countedCalls();
  const runtime = new Runtime({ logger: silentLogger, clock: FakeClock.flowing(), sending });
  const ferry = await Ferry.open(server());
  await ferry.write(chunk, numbered(1, 3));
  const replicator = createReplicator(ferry.config(), runtime);
  onTestFinished(() => replicator.close());
  runtime.close();
  expect(await replicator.run(order)).toMatchObject({ end: 'caught-up', events: 3 });
  expect(calls.size).toBe(0);
});
