import type { Guard } from './guard.js';

const status = 'test/engine/status.test.ts';
const verify = 'test/engine/verify.test.ts';
const timer = 'test/functions/timerRuns.test.ts';

/** What people who look, and the host, rely on. */
export const seenGuards: readonly Guard[] = [
  {
    name: 'silent runner',
    against: 'Nobody would see that no run has reported for a long time.',
    file: 'src/engine/health.ts',
    text: 'now - Date.parse(run.refreshedAt) > silentAfterMs',
    mutant: 'now - Date.parse(run.refreshedAt) > Infinity',
    noticedBy: status,
  },
  {
    name: 'stalled stream',
    against: 'Nobody would see that nothing is confirmed although the source is ahead.',
    file: 'src/engine/health.ts',
    text: 'now - moved > stalledAfterMs',
    mutant: 'now - moved > Infinity',
    noticedBy: status,
  },
  {
    name: 'verify compares bodies',
    against: 'A changed byte in a body would count as equal.',
    file: 'src/engine/difference.ts',
    text: 'else if (!sameBytes(storedBody, body)) add(',
    mutant: 'else if (storedBody.length !== body.length) add(',
    noticedBy: verify,
  },
  {
    name: 'verify compares marks',
    against: 'A changed byte in a mark would count as equal.',
    file: 'src/engine/difference.ts',
    text: 'if (!sameBytes(stored.metadata, expected.metadata)) {',
    mutant: 'if (stored.metadata.length !== expected.metadata.length) {',
    noticedBy: verify,
  },
  {
    name: 'failed invocation of the timer',
    against: 'The host would count an outage or a stop as a success.',
    file: 'src/functions/timerRuns.ts',
    text: 'throw await this.failed(asFailure(thrown));',
    mutant: 'await this.failed(asFailure(thrown));',
    noticedBy: `${timer} > fails with kind, message and way out, and without a secret`,
  },
  {
    name: 'parts of a run that hangs',
    against: 'What still hangs would share its parts with the next run.',
    file: 'src/functions/timerRuns.ts',
    text: "if (kind === 'RunOverdue') await this.replicator.close();",
    mutant: '',
    noticedBy: `${timer} > that is overdue is told, given up, and never shares its parts with the next`,
  },
];
