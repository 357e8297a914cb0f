import { isEventferryId } from '../convert/uuidText.js';
import type { Acceptance } from '../checkpoint/row.js';
import { isSameRecord, type Mark } from '../core/mark.js';
import { shortName } from '../core/text.js';
import { iso } from '../core/time.js';
import type { Parts } from '../engine/parts.js';
import { isAccepted, ownMark, wasAccepted } from '../engine/resume/ownership.js';
import { noStream, type StoredEvent } from '../target/target.js';
import { difference, type Difference } from './compare/difference.js';
import { confirmedButAbsent, lastRevision } from './ends.js';
import { Findings, type Found } from './findings.js';
import { Links } from './compare/links.js';
import type { VerifyOrder } from './stream.js';

/** What the stream alone says about itself; plain JSON. Times are ISO 8601, UTC. */
export interface TargetReport {
  /** True when nothing is wrong in what was read. */
  readonly intact: boolean;
  /** False when the reading was stopped before its end. */
  readonly complete: boolean;
  readonly source: string;
  readonly stream: string;
  /** The last revision that was read; -1 when there is none. */
  readonly revision: number;
  readonly events: {
    readonly stored: number;
    readonly ours: number;
    /** Of ours, those of schema 1, which do not name the event before them. */
    readonly unlinked: number;
    /** Of ours, those that stand for a quarantined message. */
    readonly quarantined: number;
  };
  /** Foreign events that a person accepted. */
  readonly acceptedForeign: number;
  /** The position of the record of which the stream held only some events. */
  readonly unfinished?: number;
  readonly differences: Found;
  readonly startedAt: string;
  readonly endedAt: string;
}

type TargetParts = Pick<Parts, 'checkpoint' | 'target' | 'stream' | 'sourceId' | 'clock'>;

/**
 * Reads the whole stream and checks it against itself, without the source: each event of ours has the id of its mark,
 * names the event before it, stands behind all lower positions, and has the other events of its record beside it. It
 * cannot tell whether bytes are those of the source.
 *
 * @throws Failure of a Target* or Checkpoint* kind
 */
export async function verifyTarget(parts: TargetParts, order: VerifyOrder, signal: AbortSignal): Promise<TargetReport> {
  const { target, stream, clock, checkpoint, sourceId } = parts;
  const startedAt = iso(clock.now());
  const row = await checkpoint.load(signal);
  const last = await lastRevision(parts, signal);
  const walk = new Walk(sourceId, row?.accepted);
  for (const absent of await confirmedButAbsent(parts, row, last, signal)) walk.findings.add(absent);
  let revision = noStream;
  const events = target.read(stream, { revision: 0, direction: 'forwards', count: last + 1 }, signal);
  for await (const event of last === noStream ? [] : events) {
    if (order.stop.aborted) break;
    walk.take(event);
    ({ revision } = event);
    const { stored, position } = walk;
    if (stored % 100 === 0 || revision === last)
      order.onProgress?.({ events: stored, total: last + 1, position, revision });
  }
  walk.end();
  const { findings, stored, ours, unlinked, quarantined, acceptedForeign, unfinished } = walk;
  return {
    intact: findings.total === 0,
    complete: revision === last,
    ...{ source: sourceId, stream, revision },
    events: { stored, ours, unlinked, quarantined },
    acceptedForeign,
    ...(unfinished !== undefined && { unfinished }),
    differences: findings.found,
    ...{ startedAt, endedAt: iso(clock.now()) },
  };
}

/** One reading of a stream from its beginning. */
class Walk {
  readonly findings = new Findings();
  stored = 0;
  ours = 0;
  unlinked = 0;
  quarantined = 0;
  acceptedForeign = 0;
  private readonly links = new Links();
  /** The mark of our event seen last. */
  private last: Mark | undefined;
  /** The foreign events since then, and how many of them the row says are accepted. */
  private foreign: Foreign = noForeign;

  constructor(
    private readonly sourceId: string,
    private readonly accepted: Acceptance | undefined,
  ) {}

  /** Of our event seen last; 0 before the first. */
  get position(): number {
    return this.last?.position ?? 0;
  }

  /** The position of the record of which the last events are not there yet. */
  get unfinished(): number | undefined {
    const { last } = this;
    return last && last.index < last.count - 1 ? last.position : undefined;
  }

  take(event: StoredEvent): void {
    this.stored += 1;
    if (event.revision !== (this.links.before?.revision ?? noStream) + 1) this.add(hidden(event, this.links.before));
    const mark = ownMark(event, this.sourceId, this.accepted);
    this.links.check(event, mark);
    if (mark) this.takeOurs(event, mark);
    else this.takeForeign(event);
  }

  /** The stream has ended: of the foreign events at its end only the row says which are accepted. */
  end(): void {
    this.settleForeign(this.foreign.acceptedByRow);
    for (const broken of this.links.broken) this.add(broken);
  }

  private takeOurs(event: StoredEvent, mark: Mark): void {
    const { foreign, last } = this;
    // guard: target-only-foreign
    const byChain = foreign.last && !foreign.isOfEventferry && wasAccepted(foreign.last, mark, this.accepted);
    this.settleForeign(byChain ? foreign.count : foreign.acceptedByRow);
    this.ours += 1;
    if (mark.v === 1) this.unlinked += 1;
    if (mark.quarantined) this.quarantined += 1;
    // guard: target-only-order
    if (last && !follows(mark, last)) {
      const detail = `it stands behind position ${last.position}, event ${last.index}: it is doubled, or out of order`;
      this.add(difference('reordered', mark, event, detail));
      return; // what follows is compared with the event before
    }
    const isBegun = last !== undefined && isSameRecord(last, mark);
    // guard: target-only-events-of-a-record
    if (!isBegun && last && last.index < last.count - 1) this.add(incomplete(last, last.index + 1));
    if (mark.index !== (isBegun ? last.index + 1 : 0)) this.add(incomplete(mark, mark.index - 1));
    this.last = mark;
  }

  private takeForeign(event: StoredEvent): void {
    const { foreign } = this;
    const count = foreign.count + 1;
    this.foreign = {
      count,
      acceptedByRow: isAccepted(event, this.accepted) ? count : foreign.acceptedByRow,
      first: foreign.first ?? event,
      last: event,
      isOfEventferry: foreign.isOfEventferry || isEventferryId(event.id),
    };
  }

  private settleForeign(accepted: number): void {
    const { count, first, last } = this.foreign;
    this.foreign = noForeign;
    this.acceptedForeign += accepted;
    if (count === accepted || !first || !last) return;
    const where = count === 1 ? '' : `; ${count - accepted} of the ${count} events up to revision ${last.revision}`;
    const detail = `type ${shortName(first.type)}, id ${first.id}: not written for this source${where}`;
    this.add(difference('foreign', undefined, first, detail));
  }

  private add(found: Difference): void {
    this.findings.near = this.position;
    this.findings.add(found);
  }
}

/** Foreign events that stand one behind the other. */
interface Foreign {
  readonly count: number;
  /** So many of them, from the first on, are accepted by the row. */
  readonly acceptedByRow: number;
  readonly first?: StoredEvent;
  readonly last?: StoredEvent;
  /** Some have an id of Eventferry: they were written for another source, or somebody has changed them. */
  readonly isOfEventferry: boolean;
}

const noForeign: Foreign = { count: 0, acceptedByRow: 0, isOfEventferry: false };

function follows(mark: Mark, last: Mark): boolean {
  return mark.position === last.position ? mark.index > last.index : mark.position > last.position;
}

function incomplete(mark: Mark, index: number): Difference {
  const detail = `the record made ${mark.count} events, and the stream does not hold this one`;
  return difference('missing', { ...mark, index }, undefined, detail);
}

function hidden({ revision }: StoredEvent, before: StoredEvent | undefined): Difference {
  const from = (before?.revision ?? noStream) + 1;
  const detail = `the stream does not show revisions ${from} to ${revision - 1}: they are hidden or removed`;
  return { kind: 'missing', revision: from, detail };
}
