import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../infra/tools/environment.js';
import { createReplicator } from '../../src/replicator.js';
import { silentLogger } from '../../src/telemetry/logger.js';
import type { Sending } from '../../src/telemetry/openTelemetry.js';
import { noTelemetry, type Attributes, type Telemetry } from '../../src/telemetry/telemetry.js';
import { FunctionsHost } from '../functions/functionsHost.js';
import { applicationInsights } from '../support/applicationInsights.js';
import { sharedEmbeddedServer } from '../support/embeddedServer.js';
import { Ferry, numbered, tapeBytes } from '../support/ferry.js';
import { FakeClock } from '../support/fakeClock.js';

const guide = readFileSync(join(root, 'docs/deploy.md'), 'utf8');
const server = sharedEmbeddedServer();
/** As they are in Azure, where nothing sets them. */
const defaults = { IDLE_POLL_MS: '500', OUTAGE_WAIT_SECONDS: '60', SETTLE_SECONDS: '60' };
const minutesAMonth = 30 * 24 * 60;

type Kind = 'read' | 'list' | 'write' | 'table';

/** Counts calls to storage by kind, as telemetry does. */
class Calls implements Sending {
  private counted: Record<Kind, number> = { read: 0, list: 0, write: 0, table: 0 };

  measuring(): Telemetry {
    const add = (name: string, value: number, attributes: Attributes = {}): void => {
      if (name === 'eventferry.storage.calls') this.counted[attributes['kind'] as Kind] += value;
    };
    return { ...noTelemetry, add };
  }

  /** What was counted since the last time. */
  take(): Record<Kind, number> {
    const { counted } = this;
    this.counted = { read: 0, list: 0, write: 0, table: 0 };
    return counted;
  }

  log = () => undefined;
  flush = () => Promise.resolve();
  shutdown = () => Promise.resolve();
}

/** A source as its writer leaves it: the last chunk is a page blob with room for what comes. Everything is replicated. */
async function caughtUpFerry(): Promise<Ferry> {
  const ferry = await Ferry.open(server(), defaults);
  const tape = tapeBytes(numbered(1, 3));
  const chunk = ferry.container.getPageBlobClient('00000001-2013-10-15-093000.dat');
  await chunk.create(4 * 1024 * 1024);
  const page = Buffer.alloc(Math.ceil(tape.length / 512) * 512);
  tape.copy(page);
  await chunk.uploadPages(page, 0, page.length);
  await ferry.run();
  return ferry;
}

/** The calls of each of ten minutes in which nothing happens, in one process. They differ by one now and then. */
async function callsAMinute(whenCaughtUp: 'exit' | 'wait'): Promise<readonly Record<Kind, number>[]> {
  const ferry = await caughtUpFerry();
  const calls = new Calls();
  const clock = new FakeClock(Date.now()).flow();
  const replicator = createReplicator(ferry.config(), silentLogger, clock, calls);
  const counted: Record<Kind, number>[] = [];
  for (let run = 0; run < 10; run += 1) {
    const beganAt = clock.now();
    const stop = new AbortController().signal;
    await replicator.run({ stop, whenCaughtUp, onOutage: 'fail', budgetMs: 60_000 });
    await clock.pass(Math.max(0, beganAt + 60_000 - clock.now()));
    counted.push(calls.take());
  }
  await replicator.close();
  return counted;
}

/** What a run in which nothing happens sends to Application Insights, in bytes: everything, and the metrics of it. */
async function telemetryBytes(settings: Record<string, string>): Promise<{ run: number; metrics: number }> {
  const ferry = await caughtUpFerry();
  const insights = await applicationInsights();
  const host = await FunctionsHost.start(ferry.environment({ ...insights.settings, ...settings }));
  await host.replicate(); // the first run of a worker says more
  const [before, from] = [insights.bytes(), insights.envelopes.length];
  await host.replicate();
  const metrics = insights.envelopes.slice(from).filter(({ data }) => data.baseType === 'MetricData');
  return { run: insights.bytes() - before, metrics: JSON.stringify(metrics).length };
}

const calls = (aMinute: number) => `${aMinute} a minute: ${(aMinute * minutesAMonth).toLocaleString('en-US')}`;
/** To the next even number of KB: durations have more digits, or fewer. */
const sent = (aMinute: number) =>
  `${2 * Math.round(aMinute / 2000)} KB a minute: ${((aMinute * minutesAMonth) / 1e9).toFixed(1)} GB`;

describe('What the deployment guide says a month uses', () => {
  test('is what idle minutes of each profile ask of storage', async () => {
    const [economy, continuous] = [await callsAMinute('exit'), await callsAMinute('wait')];
    const row = (what: string, kind: Kind): void => {
      const [, one = '', other = ''] = new RegExp(`\\| ${what} \\| ([^|]+) \\| ([^|]+) \\|`).exec(guide) ?? [];
      expect(economy.map((minute) => calls(minute[kind]))).toContain(one);
      expect(continuous.map((minute) => calls(minute[kind]))).toContain(other);
    };
    row('reads of the source', 'read');
    row('listings of the source', 'list');
    row('calls to the checkpoint table', 'table');
    expect([...economy, ...continuous].reduce((sum, { write }) => sum + write, 0)).toBe(0);
  });

  test('is what telemetry sends: all at the end of a run, and metrics once more during one of a minute', async () => {
    const economy = await telemetryBytes({ WHEN_CAUGHT_UP: 'exit' });
    const continuous = await telemetryBytes({ WHEN_CAUGHT_UP: 'wait', RUN_SECONDS: '5' });
    const [one, other] = [sent(economy.run), sent(continuous.run + continuous.metrics)];
    expect(guide).toContain(`| telemetry, as it is sent | ${one} | ${other} |\n`);
  });
});
