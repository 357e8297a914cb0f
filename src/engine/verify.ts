import type { TargetEvent } from '../record.js';
import type { StoredEvent } from '../target/target.js';
import { ownMark } from './tailMark.js';

/** What can be wrong with a target stream, given what the source holds. */
export type DifferenceKind =
  | 'missing'
  | 'doubled'
  | 'reordered'
  | 'foreign'
  | 'changed-id'
  | 'changed-type'
  | 'changed-content-type'
  | 'changed-data'
  | 'changed-mark';

/** One thing that is wrong, and where. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** The record's position at the source and the event's index in it; absent for an event that is not ours. */
  readonly position?: number;
  readonly index?: number;
  /** The event's revision in the target stream; absent for one that is missing. */
  readonly revision?: number;
  readonly detail: string;
}

/** What was compared so far. */
export interface Compared {
  /** Events that the source makes. */
  readonly expected: number;
  /** Events that the stream holds. */
  readonly stored: number;
  /** Events on both sides, the same to the byte. */
  readonly equal: number;
}

/**
 * Holds a target stream against what the source makes, event by event: each once, in order, the same to the byte.
 * Memory is bounded by the number of events that are out of place.
 */
export class Verification {
  private expectedCount = 0;
  private storedCount = 0;
  private equalCount = 0;
  /** Expected, but the stream went on without it: missing, unless it comes later. */
  private readonly awaited = new Map<string, TargetEvent>();

  /** @param expected the events that the source makes, in order; @param source the source's id */
  constructor(
    private readonly expected: AsyncIterator<TargetEvent>,
    private readonly source: string,
  ) {}

  private next: IteratorResult<TargetEvent, unknown> | undefined;

  get compared(): Compared {
    return { expected: this.expectedCount, stored: this.storedCount, equal: this.equalCount };
  }

  /** The stream's next event. @returns what is wrong with it; what is missing is only known at the {@link end} */
  async stored(event: StoredEvent): Promise<Difference[]> {
    this.storedCount += 1;
    const mark = ownMark(event, this.source);
    if (!mark) return [foreign(event)];
    const key = keyOf(mark.position, mark.index);
    const late = this.awaited.get(key);
    if (late) {
      this.awaited.delete(key);
      return [reordered(event, late), ...this.compare(event, late)];
    }
    for (;;) {
      this.next ??= await this.pull();
      const { next } = this;
      if (next.done === true) return [surplus(event, mark.position, mark.index)];
      const order = compareOrder(mark, next.value.mark);
      if (order < 0) return [surplus(event, mark.position, mark.index)];
      this.next = undefined;
      if (order === 0) return this.compare(event, next.value);
      this.awaited.set(keyOf(next.value.mark.position, next.value.mark.index), next.value);
    }
  }

  /** The stream has ended. Everything that the source still has is missing. */
  async *end(): AsyncGenerator<Difference> {
    for (const event of this.awaited.values()) yield missing(event);
    for (;;) {
      this.next ??= await this.pull();
      const { next } = this;
      if (next.done === true) return;
      this.next = undefined;
      yield missing(next.value);
    }
  }

  private async pull(): Promise<IteratorResult<TargetEvent, unknown>> {
    const next = await this.expected.next();
    if (next.done !== true) this.expectedCount += 1;
    return next;
  }

  private compare(stored: StoredEvent, expected: TargetEvent): Difference[] {
    const differences = changes(stored, expected);
    if (differences.length === 0) this.equalCount += 1;
    return differences;
  }
}

function changes(stored: StoredEvent, expected: TargetEvent): Difference[] {
  const { position, index } = expected.mark;
  const { revision } = stored;
  const difference = (kind: DifferenceKind, detail: string): Difference => ({
    kind,
    position,
    index,
    revision,
    detail,
  });
  const found: Difference[] = [];
  if (stored.id !== expected.id) found.push(difference('changed-id', `id ${stored.id} in place of ${expected.id}`));
  if (stored.type !== expected.type) {
    found.push(difference('changed-type', `type ${stored.type} in place of ${expected.type}`));
  }
  if (stored.contentType !== expected.contentType) {
    found.push(difference('changed-content-type', `${stored.contentType} in place of ${expected.contentType}`));
  }
  if (!sameBytes(stored.data, expected.data)) {
    found.push(difference('changed-data', firstDifference(stored.data, expected.data)));
  }
  if (!sameBytes(stored.metadata, expected.metadata)) {
    found.push(difference('changed-mark', firstDifference(stored.metadata, expected.metadata)));
  }
  return found;
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

function firstDifference(stored: Uint8Array, expected: Uint8Array): string {
  const at = expected.findIndex((byte, index) => stored[index] !== byte);
  const where = at < 0 ? Math.min(stored.length, expected.length) : at;
  return `${stored.length} bytes in place of ${expected.length}; the first that differs is byte ${where}`;
}

function compareOrder(one: TargetEvent['mark'], other: TargetEvent['mark']): number {
  return one.position - other.position || one.index - other.index;
}

function keyOf(position: number, index: number): string {
  return `${position}.${index}`;
}

function foreign({ revision, type, id }: StoredEvent): Difference {
  return { kind: 'foreign', revision, detail: `type ${type}, id ${id}: not written for this source` };
}

function reordered({ revision }: StoredEvent, { mark: { position, index } }: TargetEvent): Difference {
  return { kind: 'reordered', position, index, revision, detail: 'it stands behind events that come after it' };
}

function surplus({ revision }: StoredEvent, position: number, index: number): Difference {
  return { kind: 'doubled', position, index, revision, detail: 'it stands in the stream before, or not at the source' };
}

function missing({ mark: { position, index } }: TargetEvent): Difference {
  return { kind: 'missing', position, index, detail: 'the stream does not hold it' };
}
