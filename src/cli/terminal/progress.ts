import type { RunProgress } from '../../engine/terms.js';

/** Shows a person how far a run has come. */
export interface ProgressDisplay {
  show(progress: RunProgress): void;
  /** Prints a line that has nothing to do with progress, out of its way. */
  line(text: string): void;
  /** Takes the display away; what is printed afterwards stands by itself. */
  end(): void;
}

/** What is said of the events that are left, and when none is. */
export interface ProgressWords {
  readonly left: string;
  readonly done: string;
}
