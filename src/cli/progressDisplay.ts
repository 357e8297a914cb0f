import type { Progress } from '../engine/runLog.js';
import { progressBar } from './progressBar.js';
import { progressLines } from './progressLines.js';

/** Shows a person how far a run has come. */
export interface ProgressDisplay {
  show(progress: Progress): void;
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

export const replicationWords: ProgressWords = { left: 'behind', done: 'caught up' };

/** A bar on a terminal, a line every few seconds elsewhere. */
export function progressDisplay(stream: NodeJS.WriteStream, words = replicationWords): ProgressDisplay {
  return stream.isTTY ? progressBar(stream, words) : progressLines(stream, words);
}
