import type { Cursor } from '../../core/cursor.js';
import type { Mark } from '../../core/mark.js';
import type { SourceRecord, TargetEvent } from '../../core/record.js';
import type { Target } from '../../target/target.js';
import type { Frontier } from './frontier.js';
import { requestBytes } from './window.js';

/** Events that leave together. */
export interface Request {
  readonly events: readonly TargetEvent[];
  readonly bytes: number;
  /** Where the source goes on once this request is confirmed; undefined when the request ends inside a record. */
  readonly end: Cursor | undefined;
}

/** One target stream while we append to it. Takes the events of whole records and cuts them into requests. */
export class Lane {
  /** The revision that the stream will have once everything that left is stored: the next request expects it. */
  revision: number;
  /** The mark of the last event that left. */
  lastMark: Mark | undefined;
  /** How many requests left and are not answered. */
  inFlight = 0;
  /** Requests that are complete and have not left, in order. */
  private readonly due: Request[] = [];
  private filling: TargetEvent[] = [];
  private fillingBytes = 0;

  constructor(
    private readonly target: Pick<Target, 'measure' | 'appendBytes'>,
    private readonly frontier: Pick<Frontier, 'take' | 'taken'>,
    revision: number,
  ) {
    this.revision = revision;
  }

  /** The request that leaves next; undefined while none is complete. */
  get next(): Request | undefined {
    return this.due[0];
  }

  /** True when some events are not yet part of a complete request. */
  get isFilling(): boolean {
    return this.filling.length > 0;
  }

  /**
   * Takes the events of one record. Takes nothing of the record when one of its events cannot be sent.
   *
   * @throws what `Target.measure` throws
   */
  add(events: readonly TargetEvent[], record: SourceRecord): void {
    const { appendBytes } = this.target;
    const fullBytes = Math.min(requestBytes, appendBytes);
    let bytes = 0;
    // guard: size-of-every-event
    for (const event of events) bytes += this.target.measure(event);
    if (this.fillingBytes + bytes > fullBytes) this.completeFilling();
    if (bytes > appendBytes) this.addInParts(events, appendBytes);
    else {
      for (const event of events) this.filling.push(event);
      this.fillingBytes += bytes;
    }
    this.frontier.take(record);
    if (this.fillingBytes >= fullBytes) this.completeFilling();
  }

  /** Makes a request of the events at hand, also if it is not full. */
  completeFilling(): void {
    if (this.isFilling) this.cut(this.frontier.taken);
  }

  /** The next request leaves. @returns the revision that it expects of the stream */
  depart({ events }: Request): number {
    this.due.shift();
    const expected = this.revision;
    this.revision += events.length;
    this.lastMark = events.at(-1)?.mark;
    this.inFlight++;
    return expected;
  }

  /** A request that left has its answer. */
  answered(): void {
    this.inFlight--;
  }

  /** Cuts inside a record, which only happens to one that the server would not take whole. Resume can go on there. */
  private addInParts(events: readonly TargetEvent[], appendBytes: number): void {
    for (const event of events) {
      const bytes = this.target.measure(event);
      if (this.isFilling && this.fillingBytes + bytes > appendBytes) this.cut(undefined);
      this.filling.push(event);
      this.fillingBytes += bytes;
    }
  }

  private cut(end: Cursor | undefined): void {
    this.due.push({ events: this.filling, bytes: this.fillingBytes, end });
    this.filling = [];
    this.fillingBytes = 0;
  }
}
