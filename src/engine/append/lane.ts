import { linkAfter } from '../../convert/eventIdAndMark.js';
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

  constructor(
    private readonly target: Pick<Target, 'measure' | 'appendBytes'>,
    private readonly frontier: Pick<Frontier, 'take' | 'taken'>,
    revision: number,
    /** The id of the stream's last event once everything taken is stored; `noEvent` when there is none. */
    private lastId: string,
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
    const measured = events.map((event) => ({
      event,
      // guard: size-of-every-event
      size: this.target.measure(event),
    }));
    const bytes = measured.reduce((sum, { size }) => sum + size.bytes, 0);
    if (this.fillingSize.bytes + bytes > fullBytes) this.completeFilling();
    for (const { event, size } of measured) this.fill(event, size, appendBytes);
    this.frontier.take(record);
    if (this.fillingSize.bytes >= fullBytes) this.completeFilling();
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
    return expected;
  }

  /** Cuts inside a record where the server would not take it whole. Resume can go on there. */
  private fill(event: TargetEvent, size: AppendSize, appendBytes: number): void {
    const together = sumOf(this.fillingSize, size);
    // guard: longest-message
    const fits = together.bytes <= appendBytes && together.sentBytes <= maxSentBytes;
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
