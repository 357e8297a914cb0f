import type { RunProgress } from '../../engine/report/runLog.js';
import type { Host } from '../host.js';
import { progressBar } from './progressBar.js';
import { progressLines } from './progressLines.js';

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

export const replicationWords: ProgressWords = { left: 'behind', done: 'caught up' };

/** On stderr: a bar on a terminal, a line every few seconds elsewhere. */
export function progressDisplay({ stderr, clock }: Host, words = replicationWords): ProgressDisplay {
  return stderr.isTTY ? progressBar(stderr, words, clock) : progressLines(stderr, words, clock);
}
