import { Failure } from '../core/failure.js';
import type { Progress } from './parts.js';

const unmovedWaitMs = 1_000;

/**
 * Tells from the tail how an uncertain append ended. If the tail moved within what we sent, replication continues from
 * there. If it did not move, there is one more try after a second, then it is an outage. If it is beyond anything we sent,
 * twice without a good pass in between, another runner is at work.
 */
export class Standoff {
  private failure: Failure | undefined;
  /** The tail's revision when the last pass began; undefined before the first. */
  private startedAt: number | undefined;
  private sentTo = 0;
  private unmoved = 0;
  private overtaken = 0;

  begin(from: Progress): void {
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

  /**
   * How long to wait before the next pass, now that the tail is known.
   *
   * @throws Failure `AnotherRunner`, or `TargetRefused` when appends were tried twice and moved nothing
   */
  waitMs(stream: string, revision: number): number {
    const { failure } = this;
    if (!failure || this.startedAt === undefined) return 0;
    this.failure = undefined;
    if (revision > this.sentTo) {
      this.overtaken += 1;
      // guard: another-runner
      if (this.overtaken < 2) return 0;
      throw new Failure('AnotherRunner', `Another runner appends to stream ${stream}.`, { stream, revision });
    }
    // Nothing moved, but the smaller limit is new; it can fall only a few times.
    if (revision > this.startedAt || failure.kind === 'AppendTooLarge') {
      this.unmoved = 0;
      return 0;
    }
    this.unmoved += 1;
    // guard: standoff
    if (this.unmoved < 2) return unmovedWaitMs;
    throw new Failure(
      'TargetRefused',
      `Stream ${stream} stays at revision ${revision} although appends were tried twice: ${failure.message}`,
      { ...failure.facts, stream, revision },
      { cause: failure },
    );
  }
}
