import { simulateRange, type SeedRange } from './seedRange.js';

// An error of every tenth call would spend more time on stacks than all the rest takes.
Error.stackTraceLimit = 0;

process.on('message', (range: SeedRange) => {
  void simulateRange(range).then((tally) => process.send?.(tally));
});
