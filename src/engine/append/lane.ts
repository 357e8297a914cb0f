import { linkAfter } from '../../convert/eventIdAndMark.js';
import { EventsOnDemand, type RecordEvents } from '../../convert/recordEvents.js';
import type { Cursor } from '../../core/cursor.js';
import type { SourceRecord, TargetEvent } from '../../core/record.js';
import {
  type AppendSize,
  maxSentBytes,
  type MeasuredEvents,
  noBytes,
  sumOf,
  type Target,
} from '../../target/target.js';
import type { Frontier } from './frontier.js';
import { requestBytes } from './window.js';

/** Events that leave together. */
export interface Request extends MeasuredEvents {
  /** Where the source goes on once this request is confirmed; undefined when the request ends inside a record. */
  readonly end: Cursor | undefined;
}

/** One target stream while we append to it. Takes the events of whole records and cuts them into requests. */
export class Lane {
  /** The revision that the stream will have once everything that left is stored: the next request expects it. */
  revision: number;
  /** Requests that are complete and have not left, in order. */
  private readonly due: Request[] = [];
  private filling: TargetEvent[] = [];
  private fillingSize: AppendSize = noBytes;
  /** A record whose events are made as requests leave: how many of them are taken. */
  private begun: { readonly record: SourceRecord; readonly events: RecordEvents; taken: number } | undefined;

  constructor(
    private readonly target: Pick<Target, 'measure' | 'appendBytes'>,
    private readonly frontier: Pick<Frontier, 'take' | 'taken'>,
    revision: number,
    /** The id of the stream's last event once everything taken is stored; `noEvent` when there is none. */
    private lastId: string,
  ) {
    this.revision = revision;
  }

  /** True when a request is complete, or events of a record are still to be made. */
  get isFull(): boolean {
    return this.due.length > 0 || this.begun !== undefined;
  }

  /** The request that leaves next; undefined while none is complete. Makes the events for it that are made on demand. */
  next(): Request | undefined {
    if (this.due.length === 0) this.takeOn();
    return this.due[0];
  }

  /** True when some events are not yet part of a complete request. */
  get isFilling(): boolean {
    return this.filling.length > 0;
  }

  /**
   * Takes the events of one record. Takes nothing of the record when one of its events cannot be sent; of events that
   * are made on demand it must be known already that they can.
   *
   * @throws what `Target.measure` throws
   */
  add(events: RecordEvents, record: SourceRecord): void {
    while (this.begun) this.takeOn();
    if (events instanceof EventsOnDemand) {
      this.completeFilling();
      this.begun = { record, events, taken: 0 };
      return;
    }
    const measured: { event: TargetEvent; size: AppendSize }[] = [];
    let bytes = 0;
    for (const event of events) {
      // guard: size-of-every-event
      const size = this.target.measure(event);
      measured.push({ event, size });
      bytes += size.bytes;
    }
    if (this.fillingSize.bytes + bytes > this.fullBytes) this.completeFilling();
    for (const { event, size } of measured) this.fill(event, size);
    this.endRecord(record);
  }

  /** Makes a request of the events at hand, also if it is not full. */
  completeFilling(): void {
    if (this.isFilling) this.cut(this.frontier.taken);
  }

  /**
   * Leaves off inside a record of which not all events are taken, and drops those that are in no request. Nothing may
   * be added afterwards; resume goes on where the target's last event stands.
   */
  leaveOff(): void {
    if (!this.begun) return;
    // guard: left-off-inside-a-record
    this.begun = undefined;
    this.filling = [];
    this.fillingSize = noBytes;
  }

  /** The next request leaves. @returns the revision that it expects of the stream */
  depart({ events }: Request): number {
    this.due.shift();
    const expected = this.revision;
    this.revision += events.length;
    return expected;
  }

  private get fullBytes(): number {
    return Math.min(requestBytes, this.target.appendBytes);
  }

  /** Takes events of the record that is begun until one more request is complete, or all of them. */
  private takeOn(): void {
    const { begun } = this;
    if (!begun) return;
    const complete = this.due.length;
    while (this.due.length === complete) {
      const event = begun.events.at(begun.taken);
      if (!event) {
        this.begun = undefined;
        this.endRecord(begun.record);
        return;
      }
      this.fill(event, this.target.measure(event));
      begun.taken += 1;
    }
  }

  private endRecord(record: SourceRecord): void {
    this.frontier.take(record);
    if (this.fillingSize.bytes >= this.fullBytes) this.completeFilling();
  }

  /** Cuts inside a record where the server would not take it whole. Resume can go on there. */
  private fill(event: TargetEvent, size: AppendSize): void {
    const together = sumOf(this.fillingSize, size);
    // guard: longest-message
    const fits = together.bytes <= this.target.appendBytes && together.sentBytes <= maxSentBytes;
    const mustCut = !fits && this.isFilling;
    if (mustCut) this.cut(undefined);
    // guard: chain-of-a-lane
    linkAfter(event, this.lastId);
    this.lastId = event.id;
    this.filling.push(event);
    this.fillingSize = mustCut ? size : together;
  }

  private cut(end: Cursor | undefined): void {
    this.due.push({ events: this.filling, size: this.fillingSize, end });
    this.filling = [];
    this.fillingSize = noBytes;
  }
}
