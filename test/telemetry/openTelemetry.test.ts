import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';

import { telemetryPage, telemetryPagePath } from '../../dev/pages/telemetryPage.js';
import type { Clock } from '../../src/core/clock.js';
import { createReplicator } from '../../src/replicator.js';
import { Runtime } from '../../src/runtime.js';
import { startTelemetry } from '../../src/telemetry/exporters/exporters.js';
import { silentLogger } from '../../src/core/logger.js';
import { events, metrics } from '../../src/telemetry/metrics.js';
import { sendingLogger, type Sending } from '../../src/telemetry/openTelemetry.js';
import { loadTelemetryConfig } from '../../src/config/telemetrySettings.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { FakeClock } from '../support/fakeClock.js';
import { Ferry, numbered } from '../support/ferry.js';
import { otlpReceiver, type OtlpReceiver } from '../support/services/otlpReceiver.js';

const server = sharedEmbeddedServer();
const chunk = '00000001-2013-10-15-093000.dat';
const { signal } = new AbortController();
const stopped: Pick<Clock, 'sleep' | 'after'> = {
  sleep: () => new Promise(() => undefined),
  after: () => () => undefined,
};
const order = { stop: signal, whenCaughtUp: 'exit', onOutage: 'fail' } as const;

/** Telemetry that tells ages by this clock, and gives up no collector. */
async function sendingTo(settings: Record<string, string>, clock: Clock): Promise<Sending> {
  const patient = { ...stopped, now: () => clock.now(), elapsed: () => clock.elapsed() };
  const sending = await startTelemetry(loadTelemetryConfig(settings), patient);
  if (!sending) throw new Error('nothing is sent');
  onTestFinished(() => sending.shutdown());
  return sending;
}

function openReplicator(ferry: Ferry, sending: Sending, clock: Clock) {
  const logger = sendingLogger(silentLogger, sending);
  const replicator = createReplicator(ferry.config(), new Runtime({ logger, clock, sending }));
  onTestFinished(() => replicator.close());
  return replicator;
}

/** The last value of a metric, of the points with these attributes. */
function last({ metrics: received }: OtlpReceiver, name: string, attributes: Record<string, string> = {}) {
  const points = received.filter((metric) => metric.name === name).flatMap((metric) => metric.points);
  const fitting = points.filter((point) =>
    Object.entries(attributes).every(([key, value]) => point.attributes[key] === value),
  );
  return fitting.at(-1)?.value;
}

test('docs/telemetry.md is what the table of metrics says; `npm run docs` writes it', () => {
  expect(readFileSync(telemetryPagePath, 'utf8').replaceAll('\r\n', '\n')).toBe(telemetryPage());
});

test('Every event that is logged is in the table of events, and every one of the table is logged', () => {
  const root = fileURLToPath(new URL('../../src/', import.meta.url));
  const files = (readdirSync(root, { recursive: true }) as string[]).filter((path) => path.endsWith('.ts'));
  const code = files.map((path) => readFileSync(join(root, path), 'utf8')).join('\n');
  const logged = [...code.matchAll(/(?:(?:logger|log)\.(?:info|warn|error)|reportOnce|logLine)\(\s*['`]([a-z-]+)/g)];
  expect([...new Set(logged.map(([, event]) => event))].sort()).toEqual(Object.keys(events).sort());
});

describe('A run, as a collector receives it', () => {
  test('The telemetry of a run counts a call to storage once, for the replicator that made it', async () => {
    const collector = await otlpReceiver();
    const clock = FakeClock.flowing();
    const sending = await sendingTo({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }, clock);
    const calls = async (): Promise<number> => {
      const ferry = await Ferry.open(server());
      await ferry.write(chunk, numbered(1, 3));
      await openReplicator(ferry, sending, clock).run(order);
      await sending.flush();
      return last(collector, 'eventferry.storage.calls', { kind: 'list', source: ferry.container.containerName }) ?? 0;
    };
    const alone = await calls();
    const [idle, made] = [await Ferry.open(server()), await calls()];
    openReplicator(idle, sending, clock);
    expect([alone > 0, made, await calls()]).toEqual([true, alone, alone]);
    const source = idle.container.containerName;
    expect(last(collector, 'eventferry.storage.calls', { source })).toBeUndefined();
  });

  test('The telemetry of a run counts, times and traces the run as part of what started it', async () => {
    const collector = await otlpReceiver();
    const clock = FakeClock.flowing();
    const sending = await sendingTo({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }, clock);
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 300));
    const parent = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
    const replicator = openReplicator(ferry, sending, clock);
    await replicator.run({ ...order, traceParent: `00-${parent.traceId}-${parent.spanId}-01` });
    await sending.flush();

    const of = { source: ferry.container.containerName, stream: ferry.stream };
    expect(last(collector, 'eventferry.events.appended', of)).toBe(300);
    expect(last(collector, 'eventferry.records.read', of)).toBe(300);
    expect(last(collector, 'eventferry.bytes.appended', of)).toBe(
      ferry
        .events()
        .reduce((sum, { data, metadata, type }) => sum + data.length + metadata.length + 2 * type.length, 0),
    );
    expect(last(collector, 'eventferry.pass.duration', { ...of, outcome: 'good' })).toBe(1);
    expect(last(collector, 'eventferry.append.duration', of)).toBeGreaterThan(0);
    expect(last(collector, 'eventferry.appends.in_flight', of)).toBe(0);
    expect(last(collector, 'eventferry.lag.events', of)).toBe(0);
    expect(last(collector, 'eventferry.caught_up', of)).toBe(1);
    expect(last(collector, 'eventferry.outage', of)).toBe(0);
    expect(last(collector, 'eventferry.staleness', of)).toBeLessThan(30);
    expect(last(collector, 'eventferry.runs', { end: 'caught-up' })).toBe(1);
    expect(last(collector, 'eventferry.storage.calls', { kind: 'list' })).toBeGreaterThan(0);
    expect(last(collector, 'eventferry.storage.calls', { kind: 'table' })).toBeGreaterThan(0);
    for (const { name, unit } of collector.metrics) expect(metrics).toHaveProperty([name, 'unit'], unit);

    const run = collector.spans.find(({ name }) => name === 'run');
    expect(run).toMatchObject({ traceId: parent.traceId, parentId: parent.spanId });
    const children = collector.spans.filter(({ name }) => name !== 'run');
    expect(new Set(children.map(({ name }) => name))).toEqual(new Set(['resume', 'read', 'append', 'checkpoint']));
    for (const { traceId, parentId } of children)
      expect({ traceId, parentId }).toEqual({ traceId: run?.traceId, parentId: run?.spanId });
    expect(collector.logs).toEqual([
      {
        eventName: 'eventferry.run-ended',
        severity: 9,
        body: 'run-ended',
        attributes: expect.objectContaining({ end: 'caught-up', events: '300' }) as object,
      },
    ]);
  });

  test('The telemetry of a run counts the messages that it sets aside', async () => {
    const collector = await otlpReceiver();
    const clock = FakeClock.flowing();
    const sending = await sendingTo({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }, clock);
    const ferry = await Ferry.open(server(), { ON_UNCONVERTIBLE: 'quarantine' });
    await ferry.write(chunk, [...numbered(1, 2), { messages: [['$no', '{}'] as const] }]);
    await openReplicator(ferry, sending, clock).run(order);
    await sending.flush();
    expect(last(collector, 'eventferry.quarantined')).toBe(1);
    expect(collector.logs.map(({ eventName }) => eventName)).toContain('eventferry.message-set-aside');
  });

  test('The telemetry of a run shows a stop until its cause is gone', async () => {
    const collector = await otlpReceiver();
    const clock = FakeClock.flowing();
    const sending = await sendingTo({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }, clock);
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, [...numbered(1, 2), { messages: [['$no', '{}'] as const] }]);
    const replicator = openReplicator(ferry, sending, clock);
    await expect(replicator.run(order)).rejects.toMatchObject({ kind: 'Unconvertible' });
    await sending.flush();
    expect(last(collector, 'eventferry.stopped')).toBe(1);
    expect(last(collector, 'eventferry.outage')).toBe(0);
    expect(last(collector, 'eventferry.runs', { end: 'Unconvertible' })).toBe(1);
    await ferry.write(chunk, numbered(1, 3));
    await replicator.run(order);
    await sending.flush();
    expect(last(collector, 'eventferry.stopped')).toBe(0);
  });

  test('The telemetry of a run shows an outage, and the staleness that grows from then on', async () => {
    const collector = await otlpReceiver();
    const clock = FakeClock.flowing();
    const sending = await sendingTo({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }, clock);
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 3));
    const replicator = openReplicator(ferry, sending, clock);
    await server().stop();
    await replicator.run(order).catch(() => undefined);
    await sending.flush();
    const before = last(collector, 'eventferry.staleness') ?? NaN;
    expect(last(collector, 'eventferry.outage')).toBe(1);
    expect(last(collector, 'eventferry.retries', { kind: 'TargetUnreachable' })).toBe(1);
    expect(collector.logs).toContainEqual({
      eventName: 'eventferry.outage-began',
      severity: 17,
      body: 'outage-began',
      attributes: expect.objectContaining({ kind: 'TargetUnreachable' }) as object,
    });
    clock.advance(10_000);
    await sending.flush();
    expect(last(collector, 'eventferry.staleness')).toBeCloseTo(before + 10, 3);
  });

  test('The telemetry of a run shows how long nothing was confirmed, by the processes before it neither', async () => {
    const collector = await otlpReceiver();
    const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 3));
    const clock = FakeClock.flowing();
    await openReplicator(ferry, await sendingTo(settings, clock), clock).run(order);
    await server().stop();
    clock.advance(10_000);
    const sending = await sendingTo(settings, clock);
    await openReplicator(ferry, sending, clock)
      .run(order)
      .catch(() => undefined);
    await sending.flush();
    expect(last(collector, 'eventferry.staleness')).toBeGreaterThanOrEqual(10);
  });

  test('The telemetry of a run has no reading and no append when there is nothing new', async () => {
    const collector = await otlpReceiver();
    const clock = FakeClock.flowing();
    const sending = await sendingTo({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }, clock);
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 3));
    const replicator = openReplicator(ferry, sending, clock);
    await replicator.run(order);
    await sending.flush();
    const before = collector.spans.length;
    await replicator.run(order);
    await sending.flush();
    const names = collector.spans.slice(before).map(({ name }) => name);
    expect(names).not.toContain('read');
    expect(names).not.toContain('append');
    expect(names).toContain('run');
  });
});
