import type { Difference, DifferenceKind } from './compare/difference.js';

/** What was found to be wrong; plain JSON. */
export interface Found {
  readonly total: number;
  readonly byKind: Readonly<Partial<Record<DifferenceKind, number>>>;
  readonly first: readonly Difference[];
}

/** This many differences are reported one by one; the others are only counted. */
const maxTold = 20;

/** Counts all differences, and keeps the first ones in the order of positions. */
export class Findings {
  total = 0;
  readonly byKind: Partial<Record<DifferenceKind, number>> = {};
  private readonly kept: (readonly [near: number, Difference])[] = [];
  private keptOfRange = 0;
  /** The position that was seen last. */
  near = 0;

  add(difference: Difference): void {
    this.total += 1;
    this.byKind[difference.kind] = (this.byKind[difference.kind] ?? 0) + 1;
    // A foreign event has no position, so it gets that of the event before it. A missing event is only known later.
    this.kept.push([difference.position ?? this.near, difference]);
    this.keptOfRange += 1;
    if (this.keptOfRange > 2 * maxTold) this.sort();
  }

  endRange(): void {
    this.sort();
    this.near = 0;
  }

  get found(): Found {
    const { total, byKind } = this;
    return { total, byKind, first: this.kept.slice(0, maxTold).map(([, difference]) => difference) };
  }

  private sort(): void {
    this.kept.sort(([one], [other]) => one - other);
    this.kept.splice(maxTold);
    this.keptOfRange = 0;
  }
}
