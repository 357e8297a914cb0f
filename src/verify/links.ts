import { parseMark } from '../convert/eventIdAndMark.js';
import { brokenLink } from '../engine/resume/chain.js';
import type { StoredEvent } from '../target/target.js';
import { difference, type Difference } from './difference.js';

/** Checks that each event of ours in a stream names the event before it. */
export class Links {
  /** The stream's event before the next one; also one that is not compared. */
  before: StoredEvent | undefined;
  /** The first broken links. */
  readonly broken: Difference[] = [];
  private readonly maxBroken = 100;

  check(event: StoredEvent): void {
    const { before } = this;
    this.before = event;
    const after = brokenLink(event, before);
    if (after === undefined || this.broken.length === this.maxBroken) return;
    const detail = `it names ${after} as the event before it, which is ${before?.id ?? 'none'}`;
    this.broken.push(difference('chain', parseMark(event.metadata), event, detail));
  }
}
