import type { RunProgress } from '../../engine/terms.js';

/** Shows a person how far a run has come. */
export interface ProgressDisplay {
  show(progress: RunProgress): void;
  /** Prints another line without breaking the display. */
  line(text: string): void;
  /** Ends the display. */
  end(): void;
}

/** The words for events that are left, and for none. */
export interface ProgressWords {
  readonly left: string;
  readonly done: string;
}
