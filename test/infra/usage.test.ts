import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../infra/tools/azure/environment.js';
import { createReplicator } from '../../src/replicator.js';
import { Runtime } from '../../src/runtime.js';
import { silentLogger } from '../../src/core/logger.js';
import type { Sending } from '../../src/telemetry/openTelemetry.js';
import { noTelemetry, type Attributes, type Telemetry } from '../../src/telemetry/telemetry.js';
import { FunctionsHost } from '../functions/functionsHost.js';
import { applicationInsights, type Envelope } from '../support/services/applicationInsights.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered, tapeBytes } from '../support/ferry.js';
import { FakeClock } from '../support/fakeClock.js';

const guide = readFileSync(join(root, 'docs/deploy.md'), 'utf8');
const server = sharedEmbeddedServer();
/** The defaults, which count in Azure because no deployment sets them. */
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

  /** The calls since the last call of this method. */
  take(): Record<Kind, number> {
    const { counted } = this;
    this.counted = { read: 0, list: 0, write: 0, table: 0 };
    return counted;
  }

  log = () => undefined;
  flush = () => Promise.resolve();
  shutdown = () => Promise.resolve();
}

/** A fully replicated source, as its writer leaves it: the last chunk is a page blob with free pages at its end. */
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

/**
 * The calls of each of ten minutes in which nothing happens, in one process. Ten minutes are twice `LIST_ALL_SECONDS`,
 * so they include everything that is done from time to time. The minute before does not count: in it, the process reads
 * the source for the first time.
 */
async function callsAMinute(whenCaughtUp: 'exit' | 'wait'): Promise<readonly Record<Kind, number>[]> {
  const ferry = await caughtUpFerry();
  const calls = new Calls();
  const clock = new FakeClock('2013-10-15T10:00:30Z').flow();
  const replicator = createReplicator(ferry.config(), new Runtime({ logger: silentLogger, clock, sending: calls }));
  const counted: Record<Kind, number>[] = [];
  for (let run = 0; run <= 10; run += 1) {
    const beganAt = clock.now();
    const stop = new AbortController().signal;
    await replicator.run({ stop, whenCaughtUp, onOutage: 'fail', budgetMs: 60_000 });
    await clock.pass(Math.max(0, beganAt + 60_000 - clock.now()));
    counted.push(calls.take());
  }
  await replicator.close();
  return counted.slice(1);
}

/** The bytes that a run and one export of the metrics send to Application Insights when nothing happens. */
async function telemetryBytes(settings: Record<string, string>): Promise<{ run: number; metrics: number }> {
  const ferry = await caughtUpFerry();
  const insights = await applicationInsights();
  const host = await FunctionsHost.start(ferry.environment({ ...insights.settings, ...settings }));
  await host.replicate(); // the first run of a worker checks more than later ones
  const from = insights.requests.length;
  await host.replicate();
  const requests = insights.requests.slice(from);
  // The worker also sends the metrics once a minute, at any moment. The last ones are those of the end of the run.
  const metrics = requests.filter(isOfMetrics).at(-1) ?? [];
  // A slow check is reported late.
  const others = requests
    .filter((one) => !isOfMetrics(one))
    .flat()
    .filter(({ data }) => data.baseData['message'] !== 'examined');
  return { run: bytesOf(metrics) + bytesOf(others), metrics: bytesOf(metrics) };
}

/** Whether a request holds metrics only. A request with anything else begins with a metric that says who sends it. */
function isOfMetrics(request: readonly Envelope[]): boolean {
  return request.every(({ data }) => data.baseType === 'MetricData');
}

/** The size of the request: a list in JSON. */
function bytesOf(envelopes: readonly Envelope[]): number {
  return Buffer.byteLength(JSON.stringify(envelopes));
}

/** The calls of a month, from the calls of its minutes: an exact number when all minutes are equal, else a maximum. */
function calls(minutes: readonly number[]): string {
  const most = Math.max(...minutes);
  const atMost = minutes.every((count) => count === most) ? '' : ' at most';
  return `${most} a minute${atMost}: ${(most * minutesAMonth).toLocaleString('en-US')}`;
}

/** Rounds up to steps of 4 KB: durations differ in digits, and spans are sent in one request or in several. */
function sent(aMinute: number): string {
  const kb = 4 * Math.ceil(aMinute / 4000);
  return `${kb} KB a minute at most: ${((kb * minutesAMonth) / 1e6).toFixed(1)} GB`;
}

/** The guide's numbers for each profile. */
function row(what: string): string[] {
  return new RegExp(`^\\| ${what} \\| (.+) \\| (.+) \\|$`, 'm').exec(guide)?.slice(1) ?? [];
}

describe('What the deployment guide says a month uses', () => {
  test("The deployment guide's monthly storage use is what idle minutes of each profile ask of storage", async () => {
    const [economy, continuous] = [await callsAMinute('exit'), await callsAMinute('wait')];
    const check = (what: string, kind: Kind): void => {
      expect(row(what)).toEqual([economy, continuous].map((minutes) => calls(minutes.map((minute) => minute[kind]))));
    };
    check('reads of the source', 'read');
    check('listings of the source', 'list');
    check('calls to the checkpoint table', 'table');
    expect([...economy, ...continuous].reduce((sum, { write }) => sum + write, 0)).toBe(0);
  });

  test("The deployment guide's monthly telemetry use is what is sent: all at the end of a run, and metrics once more during one of a minute", async () => {
    const [economy, continuous] = await Promise.all([
      telemetryBytes({ WHEN_CAUGHT_UP: 'exit' }),
      telemetryBytes({ WHEN_CAUGHT_UP: 'wait', RUN_SECONDS: '15' }), // a run of a whole minute sends no more than this
    ]);
    const [one, other] = [sent(economy.run), sent(continuous.run + continuous.metrics)];
    expect(row('telemetry, as it is sent')).toEqual([one, other]);
  });
});
