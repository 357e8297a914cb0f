import type { Failure } from '../core/failure.js';
import type { Progress } from './parts.js';

/** What to do after an append of unknown outcome, now that the target has said where it is. */
export type Verdict = 'go-on' | 'wait' | 'outage' | 'another-runner';

/**
 * Judges what an uncertain append came to by where the tail is afterwards. A tail that moved within what we sent is
 * progress: go on from it. One that did not move is tried once more after a second, then it is an outage. One beyond
 * anything we sent, twice without a good pass in between, is another runner's work.
 */
export class Standoff {
  private failure: Failure | undefined;
  private begun = false;
  private startedAt = 0;
  private sentTo = 0;
  private unmoved = 0;
  private overtaken = 0;

  /** A pass begins behind this place. */
  begin(from: Progress): void {
    this.begun = true;
    this.startedAt = from.revision;
    this.sentTo = from.revision;
  }

  /** Our own appends may have left the tail at this revision. */
  sent(revision: number): void {
    this.sentTo = Math.max(this.sentTo, revision);
  }

  /** A pass was good. */
  good(): void {
    this.failure = undefined;
    this.unmoved = 0;
    this.overtaken = 0;
  }

  /** A pass failed in a way that a new look at the tail may explain. */
  uncertain(failure: Failure): void {
    this.failure = failure;
  }

  /** The failure that {@link judge} is about. */
  get cause(): Failure | undefined {
    return this.failure;
  }

  judge(tailRevision: number): Verdict {
    const { failure } = this;
    if (!failure || !this.begun) return 'go-on';
    this.failure = undefined;
    if (tailRevision > this.sentTo) {
      this.overtaken += 1;
      // guard: another-runner
      return this.overtaken < 2 ? 'go-on' : 'another-runner';
    }
    // A smaller limit is new knowledge, although nothing moved; it can only fall so often.
    if (tailRevision > this.startedAt || failure.kind === 'AppendTooLarge') {
      this.unmoved = 0;
      return 'go-on';
    }
    this.unmoved += 1;
    // guard: standoff
    return this.unmoved < 2 ? 'wait' : 'outage';
  }
}
