import type { Mark } from '../../core/mark.js';
import { brokenLink } from '../../engine/resume/chain.js';
import type { StoredEvent } from '../../target/target.js';
import { difference, type Difference } from './difference.js';

/** Checks that each event of ours in a stream names the event before it. */
export class Links {
  /** The stream's event before the next one; also one that is not compared. */
  before: StoredEvent | undefined;
  /** The first broken links. */
  readonly broken: Difference[] = [];
  private readonly maxBroken = 100;

  /** @param mark of the event; undefined when it is not ours */
  check(event: StoredEvent, mark: Mark | undefined): void {
    const { before } = this;
    this.before = event;
    const after = brokenLink(event, before, mark);
    if (after === undefined || this.broken.length === this.maxBroken) return;
    const detail = `it names ${after} as the event before it, which is ${before?.id ?? 'none'}`;
    this.broken.push(difference('chain', mark, event, detail));
  }
}
