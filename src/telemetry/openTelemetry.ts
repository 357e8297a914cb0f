import {
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Gauge,
  type Meter,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { parseTraceParent } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';

import type { Clock } from '../core/clock.js';
import { settledWithin } from '../core/time.js';
import type { Facts, Logger } from '../core/logger.js';
import { events, metrics, type SpanName } from './metrics.js';
import { redact, redactedJson } from '../core/redact.js';
import type { Attributes, Telemetry } from './telemetry.js';

export interface Exporters {
  readonly spans: SpanExporter;
  readonly metrics: PushMetricExporter;
  readonly logs: LogRecordExporter;
}

export type Level = 'info' | 'warn' | 'error';

/** What one process sends. */
export interface Sending {
  /** Measurements that all carry these attributes. */
  measuring(attributes: Attributes): Telemetry;
  /** A line of the log. @param parent `traceparent` of what it belongs to */
  log(level: Level, event: string, facts?: Facts, parent?: string): void;
  /** Sends what there is, at most for 5 s. Never throws. */
  flush(): Promise<void>;
  /** The same, and ends. Never throws. */
  shutdown(): Promise<void>;
}

const flushMs = 5_000;
/** So many spans of each name are kept of one run: a backlog makes thousands, which tell no more. */
const maxSpans = 100;
const severities = { info: SeverityNumber.INFO, warn: SeverityNumber.WARN, error: SeverityNumber.ERROR } as const;

/** Sends to several places at once. */
export function startSending(serviceName: string, exporters: readonly Exporters[], clock: Clock): Sending {
  const resource = resourceFromAttributes({ 'service.name': serviceName });
  const meters = new MeterProvider({
    resource,
    readers: exporters.map(
      ({ metrics: exporter }) => new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 }),
    ),
  });
  const tracers = new BasicTracerProvider({
    resource,
    spanProcessors: exporters.map(({ spans }) => new BatchSpanProcessor(spans)),
  });
  const logs = new LoggerProvider({
    resource,
    processors: exporters.map(({ logs: exporter }) => new BatchLogRecordProcessor(exporter)),
  });
  const meter = meters.getMeter('eventferry');
  const tracer = tracers.getTracer('eventferry');
  const logger = logs.getLogger('eventferry');
  const all = [meters, tracers, logs];
  /** Telemetry must not fail or hold up anything. */
  const settledInTime = async (work: readonly Promise<void>[]): Promise<void> => {
    await settledWithin(Promise.allSettled(work), flushMs, clock);
  };
  return {
    measuring: (attributes) => new Measuring(meter, tracer, attributes, clock),
    log: (level, event, facts = {}, parent) =>
      logger.emit({
        severityNumber: severities[level],
        severityText: level,
        ...(event in events && { eventName: `eventferry.${event}` }),
        body: redact(event),
        attributes: textual(facts),
        context: contextOf(parent),
      }),
    flush: () => settledInTime(all.map((provider) => provider.forceFlush())),
    shutdown: () => settledInTime(all.map((provider) => provider.shutdown())),
  };
}

/** A logger that sends each line too. */
export function sendingLogger(logger: Logger, sending: Sending): Logger {
  const both = (level: Level) => (event: string, facts?: Facts) => {
    logger[level](event, facts);
    sending.log(level, event, facts);
  };
  return { info: both('info'), warn: both('warn'), error: both('error') };
}

/** Numbers and words stay; everything else becomes JSON. */
function textual(facts: Facts): Record<string, string | number | boolean> {
  const known = Object.entries(facts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([name, value]) => [name, textOf(value)]));
}

function textOf(value: unknown): string | number | boolean {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return typeof value === 'string' ? redact(value) : redactedJson(value);
}

function contextOf(parent: string | undefined): Context {
  const remote: SpanContext | null = parent === undefined ? null : parseTraceParent(parent);
  return remote && isSpanContextValid(remote)
    ? trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true, traceFlags: TraceFlags.SAMPLED })
    : ROOT_CONTEXT;
}

class Measuring implements Telemetry {
  private readonly counters = new Map<string, ReturnType<Meter['createCounter']>>();
  private readonly histograms = new Map<string, ReturnType<Meter['createHistogram']>>();
  private readonly gauges = new Map<string, Gauge>();
  private wellAtMs: number;
  private running: { readonly span: Span; readonly context: Context; readonly seen: Map<SpanName, number> } | undefined;

  constructor(
    meter: Meter,
    private readonly tracer: Tracer,
    private readonly attributes: Attributes,
    clock: Clock,
  ) {
    this.wellAtMs = clock.now();
    for (const [name, { type, unit, meaning }] of Object.entries(metrics)) {
      const options = { unit, description: meaning };
      if (name === 'eventferry.staleness') {
        // Computed when it is sent: a run that hangs could not set it.
        const staleness = meter.createObservableGauge(name, options);
        staleness.addCallback((result) =>
          result.observe(Math.max(0, (clock.now() - this.wellAtMs) / 1000), this.attributes),
        );
      } else if (type === 'counter') this.counters.set(name, meter.createCounter(name, options));
      else if (type === 'histogram') this.histograms.set(name, meter.createHistogram(name, options));
      else this.gauges.set(name, meter.createGauge(name, options));
    }
  }

  add(name: string, value: number, attributes?: Attributes): void {
    this.counters.get(name)?.add(value, { ...this.attributes, ...attributes });
  }

  record(name: string, value: number, attributes?: Attributes): void {
    this.histograms.get(name)?.record(value, { ...this.attributes, ...attributes });
  }

  set(name: string, value: number): void {
    this.gauges.get(name)?.record(value, this.attributes);
  }

  well(atMs: number): void {
    this.wellAtMs = atMs;
  }

  ended(name: Exclude<SpanName, 'run'>, startTime: number, failure?: string): void {
    if (!this.running) return;
    const { seen, context: parent } = this.running;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    if (count > maxSpans) return;
    const span = this.tracer.startSpan(name, { startTime, attributes: this.attributes }, parent);
    if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    span.end();
  }

  async trace<T>(parent: string | undefined, work: () => Promise<T>): Promise<T> {
    const span = this.tracer.startSpan('run', { attributes: this.attributes }, contextOf(parent));
    this.running = { span, context: trace.setSpan(context.active(), span), seen: new Map() };
    try {
      return await work();
    } catch (thrown) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: redact((thrown as Error).message) });
      throw thrown;
    } finally {
      for (const [name, count] of this.running.seen) span.setAttribute(`${name}s`, count);
      span.end();
      this.running = undefined;
    }
  }
}
