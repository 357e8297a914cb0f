import { linkAfter, parseMark } from '../../convert/eventIdAndMark.js';
import { isSameRecord, noEvent, type Mark } from '../../core/mark.js';
import { shortName } from '../../core/text.js';
import type { StoredEvent } from '../../target/target.js';
import { Awaited, type AwaitedEvent } from './awaited.js';
import {
  changes,
  difference,
  differently,
  EventsDigest,
  type Compared,
  type Difference,
  type ExpectedEvent,
} from './difference.js';
import { Links } from './links.js';
import { Numbering } from './numbering.js';
import { awaitedUnder, byPosition, leavesOut, type Reading } from './reading.js';
import { ownMark } from '../../engine/resume/ownership.js';
import { Taken } from './taken.js';
import { Unjudged } from './unjudged.js';
import { Upcoming } from './upcoming.js';

/**
 * Compares a target stream with the events that the source makes: each once, in order, the same to the byte.
 * An event is found by the place at the source that its mark names. Memory is bounded, however much is out of place.
 */
export class Verification {
  private readonly counts = { expected: 0, stored: 0, equal: 0, underOtherSettings: 0, quarantined: 0 };
  private readonly digests = { source: new EventsDigest(), target: new EventsDigest() };
  private readonly numbering = new Numbering();
  private readonly awaited = new Awaited();
  private readonly taken = new Taken();
  readonly unjudged = new Unjudged();
  private readonly upcoming: Upcoming;
  /** The last event taken from the source, and the last one seen in the stream. */
  private lastTaken: Mark | undefined;
  private lastStored: Mark | undefined;
  readonly links = new Links();
  private differs = false;

  /** @param expected the events that the source makes, in order; @param source the source's id */
  constructor(
    expected: AsyncIterator<ExpectedEvent>,
    private readonly source: string,
    private readonly reading: Reading = byPosition,
  ) {
    this.upcoming = new Upcoming(expected);
  }

  get compared(): Compared {
    return { ...this.counts };
  }

  /** SHA-256 of both sides so far, 64 hex digits each; they are equal when nothing is different. */
  get digest(): { readonly source: string; readonly target: string } {
    return { source: this.digests.source.hex, target: this.digests.target.hex };
  }

  /** Takes the stream's next event. @returns what is wrong with it; most missing events are known at the {@link end} */
  async stored(event: StoredEvent, mark = ownMark(event, this.source)): Promise<Difference[]> {
    this.counts.stored += 1;
    const found = mark ? await this.proven(event, mark) : await this.unproven(event);
    this.links.check(event, mark);
    if (mark) this.lastStored = mark;
    if (found.length > 0) {
      this.differs = true;
      this.digests.target.differ();
    }
    return found;
  }

  /**
   * The stream, or the part of it that is compared, has ended: the remaining events of the source are missing.
   *
   * Broken links of the chain are named when nothing else is wrong: a missing or doubled event breaks links too.
   *
   * @param isBeyond true for an event that is not compared, by its mark with the position that it has in the stream
   * @param settings digest of the settings under which the last records were read; by default the present ones
   */
  async *end(
    isBeyond: (mark: Mark) => boolean = () => false,
    settings = this.reading.settings,
  ): AsyncGenerator<Difference> {
    const ends = ({ mark }: ExpectedEvent): boolean => isBeyond({ ...mark, position: this.numbering.positionOf(mark) });
    for (const event of this.awaited.all()) {
      if (ends(event)) continue;
      // guard: verify-missing-in-between
      yield* this.absent(event);
    }
    for (let next = await this.upcoming.peek(); next && !ends(next); next = await this.upcoming.peek()) {
      this.take(next);
      const lastSettings = settings ?? next.mark.settings;
      const awaited = this.isBegun(next.mark) ? next : awaitedUnder(lastSettings, next, this.reading);
      if (!awaited) continue;
      this.counts.expected += 1;
      // guard: verify-missing-at-the-end
      yield* this.absent(awaited);
    }
    // guard: verify-chain
    if (!this.differs) yield* this.links.broken;
  }

  private async proven(event: StoredEvent, mark: Mark): Promise<Difference[]> {
    const late = this.awaited.take(mark);
    if (late) return this.outOfPlace(event, mark, late);
    const given: Difference[] = [];
    for (;;) {
      const next = await this.upcoming.peek();
      if (!next) {
        const isPassed = this.lastTaken !== undefined && this.reading.compare(mark, this.lastTaken) <= 0;
        return [...given, ...(isPassed ? await this.passed(event, mark) : [this.surplus(event, mark)])];
      }
      const order = this.reading.compare(mark, next.mark);
      if (order < 0) return [...given, ...(await this.passed(event, mark))];
      this.take(next);
      if (order === 0) return [...given, ...this.inPlace(event, mark, next)];
      given.push(...this.await(next, mark));
    }
  }

  private async unproven(event: StoredEvent): Promise<Difference[]> {
    const changed = await this.changedOfOurs(event);
    if (changed) {
      this.take(changed.next);
      this.counts.expected += 1;
      return this.compare(event, changed.mark, changed.expected);
    }
    this.digests.target.stored(event, undefined);
    const { type, id } = event;
    // guard: verify-foreign
    return [difference('foreign', undefined, event, `type ${shortName(type)}, id ${id}: not written for this source`)];
  }

  /** The one of ours that is expected next, if an event that we did not write as it is stands for it, changed. */
  async changedOfOurs(event: StoredEvent) {
    const next = await this.upcoming.peekIncluded();
    if (!next) return undefined;
    const claimed = parseMark(event.metadata);
    const after = claimed?.after ?? noEvent;
    const mark = { ...next.mark, position: this.numbering.positionOf(next.mark), after };
    const expected = this.asMarked(next, event, mark);
    const isMeant = claimed?.source === this.source && this.reading.compare(claimed, next.mark) === 0;
    return isMeant || event.id === expected.id ? { next, mark, expected } : undefined;
  }

  private inPlace(event: StoredEvent, mark: Mark, expected: ExpectedEvent): Difference[] {
    const wrong = this.numbering.met(mark, expected.mark);
    this.taken.met(mark);
    this.counts.expected -= this.awaited.met(this.numbering.hasPassedOver);
    const isSurplus = leavesOut(expected, mark.settings, this.reading) === true && !this.isBegun(mark);
    if (!isSurplus) this.counts.expected += 1;
    return [
      ...(wrong === undefined ? [] : [difference('changed-mark', mark, event, wrong)]),
      ...(isSurplus ? [this.surplus(event, mark)] : this.compare(event, mark, this.asMarked(expected, event, mark))),
    ];
  }

  /** The event comes after others that follow it at the source. That is right where a person accepted its chunk. */
  private async outOfPlace(event: StoredEvent, mark: Mark, late: ExpectedEvent): Promise<Difference[]> {
    const expected = differently(late.mark, mark) ? await this.reading.find?.(event, mark) : undefined;
    return [...this.lateness(event, mark), ...this.compare(event, mark, expected ?? late)];
  }

  private lateness(event: StoredEvent, mark: Mark): Difference[] {
    // guard: verify-reordered
    if (!mark.returnTo) return [difference('reordered', mark, event, 'it stands after events that must follow it')];
    this.numbering.readApart();
    this.taken.met(mark);
    const { lastStored } = this;
    if (!lastStored || byPosition.compare(mark, lastStored) > 0) return [];
    return [difference('reordered', mark, event, `it stands after position ${lastStored.position}`)];
  }

  /** The event's place is before the one expected next, and the event is not awaited. */
  private async passed(event: StoredEvent, mark: Mark): Promise<Difference[]> {
    const isNew = !this.lastStored || byPosition.compare(mark, this.lastStored) > 0;
    const apart = mark.returnTo && isNew ? await this.reading.find?.(event, mark) : undefined;
    // guard: verify-doubled-in-a-detour
    if (apart && !this.taken.isPassed(mark)) {
      this.counts.expected += 1;
      return [...this.lateness(event, mark), ...this.compare(event, mark, apart)];
    }
    this.digests.target.stored(event, undefined);
    // guard: verify-doubled
    return [difference('doubled', mark, event, 'it stands in the stream before, or not at the source')];
  }

  private surplus(event: StoredEvent, mark: Mark): Difference {
    this.digests.target.stored(event, undefined);
    return difference('foreign', mark, event, 'the source makes no such event');
  }

  private compare(stored: StoredEvent, mark: Mark, expected: ExpectedEvent): Difference[] {
    if (mark.after !== undefined) linkAfter(expected, mark.after);
    this.digests.source.expected(expected);
    this.digests.target.stored(stored, expected);
    const found = changes(stored, expected);
    if (found.length > 0) return found;
    this.counts.equal += 1;
    if (this.reading.isKnown?.(mark.settings) === false) this.unjudged.add(mark.settings, mark.position);
    const { settings } = this.reading;
    if (settings !== undefined && mark.settings !== settings) this.counts.underOtherSettings += 1;
    if (mark.quarantined) this.counts.quarantined += 1;
    return [];
  }

  private asMarked(expected: ExpectedEvent, stored: StoredEvent, mark: Mark): ExpectedEvent {
    if (!differently(expected.mark, mark)) return expected;
    return this.reading.asMarked?.(expected, stored, mark) ?? expected;
  }

  /** The event before is of the same record. Settings may leave out a whole record, never some of its events. */
  private isBegun(mark: Mark): boolean {
    return this.lastStored !== undefined && isSameRecord(this.lastStored, mark);
  }

  /** The event will not come any more. @returns that it is missing, if that is certain */
  private absent(event: AwaitedEvent): Difference[] {
    if (event.unknownSettings !== undefined) {
      this.unjudged.add(event.unknownSettings, event.mark.position);
      return [];
    }
    this.differs = true;
    this.digests.source.expected(event);
    return [difference('missing', event.mark, undefined, 'the stream does not hold it')];
  }

  /**
   * The stream continues without the event. Whether that is right depends on the settings of the event that comes next
   * in the stream: what lies behind an event is read under the settings that the next one is written with.
   *
   * @returns the events that are certainly missing by now
   */
  private await(event: ExpectedEvent, next: Mark): Difference[] {
    const isCut = isSameRecord(next, event.mark) || this.isBegun(event.mark);
    // guard: verify-events-of-a-record
    const awaited = isCut ? event : awaitedUnder(next.settings, event, this.reading);
    if (!awaited) return [];
    this.counts.expected += 1;
    this.numbering.skip();
    return this.awaited.add(awaited).flatMap((oldest) => this.absent(oldest));
  }

  private take(event: ExpectedEvent): void {
    this.upcoming.take(event);
    this.lastTaken = event.mark;
  }
}
