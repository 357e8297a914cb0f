import type { Clock } from '../core/clock.js';
import { Failure } from '../core/failure.js';
import type { TargetEvent } from '../core/record.js';
import type { Logger } from '../core/logger.js';
import { AppendLimit, checkStreamName } from './append/limit.js';
import { type AppendParts, BatchAppendCall, BufferPool } from './append/batchAppend.js';
import { Connections } from './connect/connections.js';
import { parseConnectionString } from './connect/connectionString.js';
import { ignoreRejection } from '../core/time.js';
import { PlainAppendCall } from './append/plainAppend.js';
import { type Page, type PageQuery, readPage } from './read/page.js';
import { readTail } from './read/tail.js';
import type { AppendCall, AppendSize, MeasuredEvents, StoredEvent, Tail, Target } from './target.js';
import { type Doing, namedLeader, targetFailure } from './failure.js';

/** How to reach the server. */
export interface EventStoreTargetOptions {
  /** `esdb://`, `kurrentdb://`, `kurrent://` or `kdb://`, each also with `+discover`. Holds a secret. */
  readonly connectionString: string;
  /** PEM, or base64 of it, of the certificate authority to trust instead of the system's. */
  readonly tlsCa?: string | undefined;
  /** One append has at most this many bytes; the server may name a smaller limit. */
  readonly appendBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Idle request buffers hold at most this much memory. */
const keptBufferBytes = 16 * 1024 * 1024;
/** One page of {@link Target.read} has at most this many events. */
const pageEvents = 500;
/** How often one read may be started again because its node does not lead or its connection was stale. */
const maxMoves = 3;

/**
 * An EventStoreDB or KurrentDB server as the target. Contacts nothing before the first call.
 *
 * @throws Failure `SettingsInvalid` for a connection string or certificate that cannot be used
 */
export function eventStoreTarget(options: EventStoreTargetOptions): Target {
  return new EventStoreTarget(options);
}

class EventStoreTarget implements Target {
  private readonly connections: Connections;
  private readonly limit: AppendLimit;
  private readonly buffers = new BufferPool(keptBufferBytes);
  private readonly calls = new Set<OpeningCall>();

  constructor(private readonly options: EventStoreTargetOptions) {
    const settings = parseConnectionString(options.connectionString, options.tlsCa);
    for (const option of settings.ignored) options.logger.warn('connection-option-ignored', { option });
    this.connections = new Connections(settings, options.clock);
    this.limit = new AppendLimit(options.appendBytes);
  }

  get appendBytes(): number {
    return this.limit.bytes;
  }

  measure(event: TargetEvent): AppendSize {
    return this.limit.measure(event);
  }

  async tail(stream: string, signal: AbortSignal): Promise<Tail> {
    checkStreamName(stream);
    return readTail((query, until) => this.page(query, until), stream, this.options.clock, signal);
  }

  async *read(
    stream: string,
    from: { readonly revision: number; readonly direction: 'forwards' | 'backwards'; readonly count?: number },
    signal: AbortSignal,
  ): AsyncIterable<StoredEvent> {
    checkStreamName(stream);
    const { direction } = from;
    let next: number | 'end' = Number.isFinite(from.revision) ? from.revision : 'end';
    for (let left = from.count ?? Infinity; left > 0;) {
      const count = Math.min(left, pageEvents);
      const page = await this.page({ stream, from: next, direction, count }, signal);
      if (page.kind !== 'events') return;
      yield* page.events;
      const reached = page.events.at(-1)?.revision;
      if (page.last || reached === undefined || (direction === 'backwards' && reached === 0)) return;
      next = reached + (direction === 'forwards' ? 1 : -1);
      left -= page.events.length;
    }
  }

  open(): AppendCall {
    const call = new OpeningCall(
      (signal) => this.openNow(signal),
      this.doing,
      () => this.calls.delete(call),
    );
    this.calls.add(call);
    return call;
  }

  close(): Promise<void> {
    for (const call of this.calls) call.close();
    this.connections.close();
    return Promise.resolve();
  }

  private readonly doing = (stream: string): Doing => this.connections.doing(`append to stream ${stream}`);

  private async openNow(signal: AbortSignal): Promise<AppendCall> {
    const { connections, limit, buffers } = this;
    const { clock, logger } = this.options;
    const { connection, features } = await connections.ready(signal);
    const { doing } = this;
    const { server } = connections.doing('append');
    const onLost = (error: unknown, stream: string | undefined): void => {
      const leader = namedLeader(error);
      logger.warn('append-call-lost', { ...(stream !== undefined && { stream }), server, ...(leader && { leader }) });
      connections.drop(connection, error);
    };
    const parts = { connection, features, doing, limit, buffers, clock, onLost };
    return features.batch ? new BatchAppendCall(parts) : new PlainAppendCall(parts);
  }

  /** Reads a page from the leader, wherever it is now. */
  private page(query: PageQuery, signal: AbortSignal): Promise<Page> {
    return this.connections.untilClosed(signal, (until) => this.pageUntil(query, signal, until));
  }

  private async pageUntil(query: PageQuery, signal: AbortSignal, until: AbortSignal): Promise<Page> {
    const { connections } = this;
    const { clock } = this.options;
    const doing = connections.doing(`read stream ${query.stream}`);
    for (let moves = 0; ; moves++) {
      const connection = await connections.connect(signal);
      try {
        return await readPage(connection, query, { clock, signal: until, doing });
      } catch (error) {
        until.throwIfAborted();
        const failure = targetFailure(error, doing);
        if (failure.kind === 'TargetAccessDenied') throw failure;
        const stale = (connection.answered || connection.closed) && failure.kind === 'TargetUnreachable';
        connections.drop(connection, error);
        if (moves >= maxMoves || !(stale || namedLeader(error))) throw failure;
      }
    }
  }
}

/**
 * An append call that connects when it is first used, so a pass without events opens none. Appends keep their order,
 * since all wait for the same promise.
 */
class OpeningCall implements AppendCall {
  private opened: Promise<AppendCall> | undefined;
  private readonly closing = new AbortController();

  constructor(
    private readonly openNow: (signal: AbortSignal) => Promise<AppendCall>,
    private readonly doing: AppendParts['doing'],
    private readonly onClose: () => void,
  ) {}

  append(stream: string, measured: MeasuredEvents, expected: number): Promise<number> {
    return ignoreRejection(this.appendNow(stream, measured, expected));
  }

  private async appendNow(stream: string, measured: MeasuredEvents, expected: number): Promise<number> {
    checkStreamName(stream);
    // The server would accept an append without events, and claim a revision that does not exist.
    // guard: append-of-nothing
    if (measured.events.length === 0) return expected;
    return this.open().then(
      (call) => call.append(stream, measured, expected),
      (error: unknown) => {
        throw targetFailure(error, this.doing(stream));
      },
    );
  }

  writable(): Promise<void> {
    return this.open().then(
      (call) => call.writable(),
      () => undefined, // the next append says what is wrong
    );
  }

  close(): void {
    if (this.closing.signal.aborted) return;
    this.closing.abort(new Failure('AppendUncertain', 'The append call was closed.'));
    if (this.opened) void ignoreRejection(this.opened.then((call) => call.close()));
    this.onClose();
  }

  private open(): Promise<AppendCall> {
    this.opened ??= ignoreRejection(this.openNow(this.closing.signal));
    return this.opened;
  }
}
