import type { Cursor } from '../../core/cursor.js';
import type { Mark } from '../../core/mark.js';
import { cursorAfter, type SourceRecord } from '../../core/record.js';
import type { Progress } from '../parts.js';

/** A request that has left, for {@link Frontier.answered}. */
export interface Departure {
  /** Where the source goes on once this request is confirmed; undefined for a request that ends inside a record. */
  end: Cursor | undefined;
  readonly lastMark: Mark | undefined;
  /** Set by the target's answer: the revision of the request's last event. */
  revision?: number;
}

/**
 * What the target has confirmed: the contiguous prefix, in source order, of the requests that left. Answers come in
 * any order, and one that overtakes others counts once they are there.
 */
export class Frontier {
  /** Always at the end of a record. A record of which some events are pending stays so until it is whole. */
  confirmed: Progress;
  /** The last cursor that the source gave. */
  private reached: Cursor;
  /** The last record taken since then. */
  private lastRecord: SourceRecord | undefined;
  /** The requests that are not confirmed, in source order. */
  private readonly underWay: Departure[] = [];

  constructor(from: Progress) {
    this.confirmed = from;
    this.reached = from.cursor;
  }

  /** Where the source goes on after everything that was taken so far. */
  get taken(): Cursor {
    return this.lastRecord ? cursorAfter(this.lastRecord, this.reached.memory) : this.reached;
  }

  /** True when everything that left is confirmed. */
  get isComplete(): boolean {
    return this.underWay.length === 0;
  }

  take(record: SourceRecord): void {
    this.lastRecord = record;
  }

  /**
   * The source gave this cursor. When no event is held back, the cursor is confirmed together with the last request
   * under way, or now if there is none. Otherwise the request that takes the held events will carry it.
   */
  reach(cursor: Cursor, eventsAreHeld: boolean): void {
    this.reached = cursor;
    this.lastRecord = undefined;
    // guard: cursor-of-what-was-taken
    if (eventsAreHeld) return;
    const last = this.underWay.at(-1);
    // guard: cursor-of-what-is-under-way
    if (last) last.end = cursor;
    else this.confirmed = { ...this.confirmed, cursor };
  }

  /** A request leaves. Requests leave in source order. */
  depart(end: Cursor | undefined, lastMark: Mark | undefined): Departure {
    const departure: Departure = { end, lastMark };
    this.underWay.push(departure);
    return departure;
  }

  /** The target has stored a request; `revision` is that of the request's last event. */
  answered(departure: Departure, revision: number): void {
    departure.revision = revision;
    for (let first = this.underWay[0]; first; first = this.underWay[0]) {
      // guard: contiguous-prefix
      if (first.revision === undefined) break;
      this.underWay.shift();
      const { end, lastMark: mark } = first;
      if (end && mark) {
        this.confirmed = { cursor: end, revision: first.revision, confirmed: { mark, revision: first.revision } };
      }
    }
  }
}
