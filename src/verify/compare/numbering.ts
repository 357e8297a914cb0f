import type { Mark } from '../../core/mark.js';

type Numbered = Pick<Mark, 'position'>;

/**
 * Checks that the positions in a stream are those of its source: one per record, without gaps, in the order of reading.
 * Counting the records at the source gives the same positions, except for records that appeared before the cursor: they
 * have no position until a person accepts them, and then they get later ones.
 */
export class Numbering {
  /** How many positions counting is ahead of the stream. */
  private shift = 0;
  private lastCounted = 0;
  /** Since the last event in its place, the stream left out events (`skipped`) or holds some of a detour (`apart`). */
  private skipped = false;
  private apart = false;
  /** Some records before the event that was met last have no position: they were not read in their place. */
  hasPassedOver = false;

  /** The source holds an event that the stream goes on without. */
  skip(): void {
    this.skipped = true;
  }

  /** The stream holds an event that was read in a detour. */
  readApart(): void {
    this.apart = true;
  }

  /**
   * The stream holds an event in its place.
   *
   * @param stored its mark in the stream
   * @param counted the position that counting gives
   * @returns what is wrong with its position
   */
  met({ position }: Numbered, { position: counted }: Numbered): string | undefined {
    const shift = counted - position;
    const isRight =
      shift === this.shift ||
      (shift < this.shift && this.apart) ||
      (shift > this.shift && this.skipped && shift - this.shift < counted - this.lastCounted);
    const expected = counted - this.shift;
    this.hasPassedOver = shift > this.shift;
    if (isRight) this.shift = shift;
    this.lastCounted = counted;
    this.skipped = this.apart = false;
    return isRight ? undefined : `position ${position} in place of ${expected}`;
  }

  /** The position that an event has in the stream if it follows what was met last. */
  positionOf({ position: counted }: Numbered): number {
    return counted - this.shift;
  }
}
