import { simulateRange, type SeedRange } from './schedule/seedRange.js';

// No stack traces: about every tenth call fails, and making their stacks would take longer than everything else.
Error.stackTraceLimit = 0;

process.on('message', (range: SeedRange) => {
  void simulateRange(range).then((tally) => process.send?.(tally));
});
