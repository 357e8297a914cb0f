import { setImmediate as turn } from 'node:timers/promises';

import type { Clock } from '../../core/clock.js';
import { cursorAfter, type Cursor, type Mark, type SourceRecord, type TargetEvent } from '../../core/record.js';
import type { AppendCall, Target } from '../../target/target.js';
import { AppendWindow, requestBytes, type Timed } from './window.js';
import type { Progress } from '../parts.js';

/** Records taken without a turn for others; many make no event, and so no request after which there is one. */
const recordsPerTurn = 500;

/** Events that leave together. */
interface Request {
  readonly events: readonly TargetEvent[];
  readonly bytes: number;
  /** Where the source stands once this request is confirmed; undefined when it ends inside a record. */
  readonly end: Cursor | undefined;
}

/** A request under way. Its events are encoded by now and not held here: there may be thousands of them. */
interface Sent {
  readonly timed: Timed;
  readonly lastMark: Mark | undefined;
  end: Cursor | undefined;
  /** Set by the target's answer. */
  revision?: number;
}

/** Appends in flight on one call: events in, a confirmed {@link Progress} out. */
export interface Pipeline {
  /**
   * Takes the events of one record. Nothing of the record is taken when one of its events cannot be sent.
   *
   * @throws what `Target.measure` throws
   */
  add(events: readonly TargetEvent[], record: SourceRecord): void;
  /** True when {@link send} is due: a request is full, or others in this process are to have their turn. */
  readonly isFull: boolean;
  /** Sends every full request; waits for room in the window, not for answers. @throws whatever ended the call */
  send(): Promise<void>;
  /**
   * The source has been read up to here, and it may take a while until there is more: once everything taken so far is
   * confirmed, so is this cursor. A request that is not full leaves as soon as nothing else is under way.
   *
   * @throws whatever ended the call
   */
  reach(cursor: Cursor): Promise<void>;
  /** Sends what is left and waits until everything is confirmed. @throws whatever ended the call */
  drain(): Promise<void>;
  /** What the target has acknowledged, always at the end of a record. */
  readonly confirmed: Progress;
  /** The highest revision that an append of ours may have left. */
  readonly sentTo: number;
  /** Gives up what is in flight. */
  close(): void;
}

/**
 * Opens a call on the target stream and appends behind `from`.
 *
 * Every request expects the revision that the one before it will leave. If one fails, all behind it fail, unless a
 * foreign append leaves just the revision that the next expects; that hole is what `retrace.ts` looks for at the next
 * resume. What is confirmed is the contiguous prefix of what was answered. How much is under way at once is
 * decided by {@link AppendWindow}.
 */
export function appendPipeline(target: Target, stream: string, from: Progress, clock: Clock): Pipeline {
  return new CallPipeline(target, target.open(stream), from, new AppendWindow(clock));
}

class CallPipeline implements Pipeline {
  confirmed: Progress;
  sentTo: number;
  private filling: TargetEvent[] = [];
  private fillingBytes = 0;
  /** Where the source stands once `filling` is confirmed: a cursor that it gave, or behind a record of ours. */
  private reached: Cursor;
  private lastRecord: SourceRecord | undefined;
  /** The source has given what it had at hand. */
  private pausing = false;
  /** Full, and waiting for room. */
  private readonly due: Request[] = [];
  private recordsSinceTurn = 0;
  private readonly inFlight: Sent[] = [];
  private failure: Error | undefined;
  private wake: () => void = () => undefined;

  constructor(
    private readonly target: Target,
    private readonly call: AppendCall,
    from: Progress,
    private readonly window: AppendWindow,
  ) {
    this.confirmed = from; // with what is pending inside a record, until that record is whole
    this.sentTo = from.revision;
    this.reached = from.cursor;
  }

  get isFull(): boolean {
    return this.due.length > 0 || this.recordsSinceTurn >= recordsPerTurn;
  }

  add(events: readonly TargetEvent[], record: SourceRecord): void {
    const { appendBytes } = this.target;
    const fullBytes = Math.min(requestBytes, appendBytes);
    let bytes = 0;
    // guard: size-of-every-event
    for (const event of events) bytes += this.target.measure(event);
    this.pausing = false;
    if (this.filling.length > 0 && this.fillingBytes + bytes > fullBytes) this.due.push(this.cut(this.end()));
    if (bytes > appendBytes) this.addInParts(events, appendBytes);
    else {
      for (const event of events) this.filling.push(event);
      this.fillingBytes += bytes;
    }
    this.lastRecord = record;
    this.recordsSinceTurn++;
    if (this.fillingBytes >= fullBytes) this.due.push(this.cut(this.end()));
  }

  async send(): Promise<void> {
    for (let next = this.due[0]; next; next = this.due[0]) {
      const { bytes } = next;
      await this.until(() => this.window.hasRoom(bytes));
      await this.call.writable();
      this.rethrow();
      this.due.shift();
      this.leave(next);
      await this.letOthers(); // who else lives in this process has its turn between any two requests
    }
    if (this.isFull) await this.letOthers();
    this.rethrow();
  }

  async reach(cursor: Cursor): Promise<void> {
    await this.send();
    this.reached = cursor;
    this.lastRecord = undefined;
    this.pausing = true;
    const last = this.inFlight.at(-1);
    // guard: cursor-of-what-was-taken
    if (this.filling.length > 0) this.sendLoneRest();
    // guard: cursor-of-what-is-under-way
    else if (last) last.end = cursor;
    else this.confirmed = { ...this.confirmed, cursor };
  }

  async drain(): Promise<void> {
    if (this.filling.length > 0) this.due.push(this.cut(this.end()));
    await this.send();
    await this.until(() => this.inFlight.length === 0);
  }

  close(): void {
    this.call.close();
  }

  /** Only a record larger than the server takes at once is cut inside; resume knows how to go on there. */
  private addInParts(events: readonly TargetEvent[], appendBytes: number): void {
    for (const event of events) {
      const bytes = this.target.measure(event);
      if (this.filling.length > 0 && this.fillingBytes + bytes > appendBytes) this.due.push(this.cut(undefined));
      this.filling.push(event);
      this.fillingBytes += bytes;
    }
  }

  private end(): Cursor {
    return this.lastRecord ? cursorAfter(this.lastRecord, this.reached.memory) : this.reached;
  }

  /** What was taken so far becomes a request. */
  private cut(end: Cursor | undefined): Request {
    const request = { events: this.filling, bytes: this.fillingBytes, end };
    this.filling = [];
    this.fillingBytes = 0;
    return request;
  }

  private leave({ events, bytes, end }: Request): void {
    const expected = this.sentTo;
    this.sentTo += events.length;
    const sent: Sent = { timed: this.window.sent(bytes), lastMark: events.at(-1)?.mark, end };
    this.inFlight.push(sent);
    this.call.append(events, expected).then(
      (revision) => this.answered(sent, revision),
      (error: Error) => this.failed(error),
    );
  }

  /** Replies come in any order; only the contiguous prefix counts. */
  private answered(sent: Sent, revision: number): void {
    sent.revision = revision;
    this.window.answered(sent.timed);
    for (let first = this.inFlight[0]; first; first = this.inFlight[0]) {
      // guard: contiguous-prefix
      if (first.revision === undefined) break;
      this.inFlight.shift();
      const { end, lastMark: mark } = first;
      if (end && mark) {
        this.confirmed = { cursor: end, revision: first.revision, confirmed: { mark, revision: first.revision } };
      }
    }
    this.sendLoneRest();
    this.wake();
  }

  /** While the source has nothing at hand and nothing is under way, waiting for more would be waiting for nothing. */
  private sendLoneRest(): void {
    if (!this.pausing || this.failure || this.inFlight.length > 0) return;
    if (this.due.length === 0 && this.filling.length > 0) this.leave(this.cut(this.end()));
  }

  private async letOthers(): Promise<void> {
    this.recordsSinceTurn = 0;
    await turn();
  }

  private failed(error: Error): void {
    this.failure ??= error;
    this.wake();
  }

  private rethrow(): void {
    // guard: failure-of-an-append
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
