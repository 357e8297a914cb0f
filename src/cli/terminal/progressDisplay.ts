import type { Host } from '../host.js';
import type { ProgressDisplay, ProgressWords } from './progress.js';
import { progressBar } from './progressBar.js';
import { progressLines } from './progressLines.js';

export const replicationWords: ProgressWords = { left: 'behind', done: 'caught up' };

/** On stderr: a bar on a terminal, a line every few seconds elsewhere. */
export function progressDisplay({ stderr, clock }: Host, words = replicationWords): ProgressDisplay {
  return stderr.isTTY ? progressBar(stderr, words, clock) : progressLines(stderr, words, clock);
}
