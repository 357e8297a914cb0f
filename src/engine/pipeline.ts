import { cursorBehind, type Cursor, type SourceMemory, type SourceRecord, type TargetEvent } from '../record.js';
import type { AppendCall, Target } from '../target/target.js';
import type { Place } from './parts.js';

/**
 * How requests are cut and how many are under way.
 *
 * A request holds whole records as long as they fit, up to `requestBytes`: larger ones only add latency (500 events
 * of 300 bytes, about 150 KB, already run at the server's speed). Up to `requestsInFlight` are under way at once, so
 * that the server always has one to write while we read and encode the next. Near the head nothing waits to become
 * full: at the end of each batch, and whenever nothing is in flight, what there is goes out.
 *
 * Every request expects the revision that the one before it will leave. If one fails, all behind it fail: there is
 * never a hole, and what is confirmed is the contiguous prefix of what was answered.
 */
const requestBytes = 200 * 1024;
const requestsInFlight = 4;

interface Request {
  readonly events: readonly TargetEvent[];
  /** Where the source stands once this request is confirmed; absent when it ends inside a record. */
  cursor: Cursor | undefined;
  /** Set by the target's answer. */
  revision?: number;
}

/** Appends in flight on one call: events in, a confirmed {@link Place} out. */
export interface Pipeline {
  /**
   * Takes the events of one record; waits for room, not for the answer. Nothing of the record is sent when one of its
   * events cannot be.
   *
   * @throws whatever ended the call, or what `Target.measure` throws
   */
  append(events: readonly TargetEvent[], record: SourceRecord): Promise<void>;
  /** The source has been read up to here: once everything taken so far is confirmed, so is this cursor. */
  reach(cursor: Cursor): Promise<void>;
  /** Sends what is left and waits until everything is confirmed. @throws whatever ended the call */
  drain(): Promise<void>;
  /** What the target has acknowledged, always at the end of a record. */
  readonly confirmed: Place;
  /** The highest revision that an append of ours may have left. */
  readonly sentTo: number;
  /** Gives up what is in flight. */
  close(): void;
}

/** Opens a call on the target stream and appends behind `from`. */
export function appendPipeline(target: Target, stream: string, from: Place): Pipeline {
  return new CallPipeline(target, target.open(stream), from);
}

class CallPipeline implements Pipeline {
  confirmed: Place;
  sentTo: number;
  private filling: TargetEvent[] = [];
  private fillingBytes = 0;
  /** Where the source stands once `filling` is confirmed. */
  private fillingEnd: () => Cursor;
  private memory: SourceMemory | undefined;
  private readonly inFlight: Request[] = [];
  private failure: Error | undefined;
  private wake: () => void = () => undefined;

  constructor(
    private readonly target: Target,
    private readonly call: AppendCall,
    from: Place,
  ) {
    const { cursor, revision, confirmed } = from;
    this.confirmed = { cursor, revision, ...(confirmed && { confirmed }) };
    this.sentTo = from.revision;
    this.fillingEnd = () => from.cursor;
    this.memory = from.cursor.memory;
  }

  async append(events: readonly TargetEvent[], record: SourceRecord): Promise<void> {
    const sizes = events.map((event) => this.target.measure(event));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    if (this.filling.length > 0 && this.fillingBytes + bytes > requestBytes) await this.send(this.fillingEnd());
    for (const [index, event] of events.entries()) {
      const size = sizes[index] ?? 0;
      // Only a record larger than the server takes at once is cut inside; resume knows how to go on there.
      if (this.filling.length > 0 && this.fillingBytes + size > this.target.appendBytes) await this.send(undefined);
      this.filling.push(event);
      this.fillingBytes += size;
    }
    this.fillingEnd = () => cursorBehind(record, this.memory);
    if (this.fillingBytes >= requestBytes) await this.send(this.fillingEnd());
  }

  async reach(cursor: Cursor): Promise<void> {
    this.rethrow();
    this.memory = cursor.memory;
    this.fillingEnd = () => cursor;
    if (this.filling.length > 0) {
      if (this.inFlight.length < requestsInFlight) await this.send(cursor);
      return;
    }
    const last = this.inFlight.at(-1);
    if (last) last.cursor = cursor;
    else this.confirmed = { ...this.confirmed, cursor };
  }

  async drain(): Promise<void> {
    if (this.filling.length > 0) await this.send(this.fillingEnd());
    await this.until(() => this.inFlight.length === 0);
  }

  close(): void {
    this.call.close();
  }

  private async send(cursor: Cursor | undefined): Promise<void> {
    await this.until(() => this.inFlight.length < requestsInFlight);
    await this.call.writable();
    this.rethrow();
    const request: Request = { events: this.filling, cursor };
    const expected = this.sentTo;
    this.sentTo += request.events.length;
    this.filling = [];
    this.fillingBytes = 0;
    this.inFlight.push(request);
    this.call.append(request.events, expected).then(
      (revision) => this.answered(request, revision),
      (error: Error) => this.failed(error),
    );
  }

  /** Replies come in any order; only the contiguous prefix counts. */
  private answered(request: Request, revision: number): void {
    request.revision = revision;
    for (let first = this.inFlight[0]; first?.revision !== undefined; first = this.inFlight[0]) {
      this.inFlight.shift();
      const mark = first.events.at(-1)?.mark;
      if (first.cursor && mark) {
        this.confirmed = {
          cursor: first.cursor,
          revision: first.revision,
          confirmed: { mark, revision: first.revision },
        };
      }
    }
    this.wake();
  }

  private failed(error: Error): void {
    this.failure ??= error;
    this.wake();
  }

  private rethrow(): void {
    if (this.failure) throw this.failure;
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.rethrow();
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    this.rethrow();
  }
}
