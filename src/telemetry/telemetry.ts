import type { CounterName, GaugeName, HistogramName, SpanName } from './metrics.js';

export type Attributes = Readonly<Record<string, string>>;

/** Where measurements go. Calls return at once and never throw. */
export interface Telemetry {
  add(name: CounterName, value: number, attributes?: Attributes): void;
  record(name: HistogramName, value: number, attributes?: Attributes): void;
  set(name: GaugeName, value: number): void;
  /** Replication was well at this time, in ms since 1970: something was confirmed, or everything was. */
  well(atMs: number): void;
  /** Something began at this time and has just ended. @param failure the kind, when it failed */
  ended(span: Exclude<SpanName, 'run'>, startedAtMs: number, failure?: string): void;
  /**
   * What ends during the work is part of one trace.
   *
   * @param parent W3C `traceparent` of what the work is part of
   */
  trace<T>(parent: string | undefined, work: () => Promise<T>): Promise<T>;
}

export const noTelemetry: Telemetry = {
  add: () => undefined,
  record: () => undefined,
  set: () => undefined,
  well: () => undefined,
  ended: () => undefined,
  trace: (_, work) => work(),
};
