import type { Guard } from '../guard.js';

const status = 'test/engine/report/status.test.ts';
const verify = 'test/verify/verify.test.ts';
const streamDifferences = 'test/verify/streamDifferences.test.ts';
const formerSettings = 'test/verify/formerSettings.test.ts';
const streamParts = 'test/verify/streamParts.test.ts';
const timer = 'test/functions/worker/timerRuns.test.ts';

/** The guards of what people and the host see: health, `verify`, and how an invocation ends. */
export const seenGuards: readonly Guard[] = [
  {
    name: 'silent-runner',
    against: 'Nobody would see that no run has reported for a long time.',
    rule: 'never',
    noticedBy: `${status} > A status names a run that has not reported for more than three minutes`,
  },
  {
    name: 'stalled-stream',
    against: 'Nobody would see that nothing is confirmed although the source is ahead.',
    rule: 'never',
    noticedBy: `${status} > A status names a stream in which nothing was confirmed for more than ten minutes although the source is ahead`,
  },
  {
    name: 'verify-bodies',
    against: 'A changed byte in a body would count as equal.',
    rule: 'never',
    noticedBy: `${verify} > one changed byte`,
  },
  {
    name: 'verify-marks',
    against: 'A changed byte in a mark would count as equal.',
    rule: 'never',
    noticedBy: `${verify} > a changed mark`,
  },
  {
    name: 'verify-ids',
    against: 'An event of another id would count as equal.',
    rule: 'never',
    noticedBy: `${verify} > another id`,
  },
  {
    name: 'verify-types',
    against: 'An event of another type would count as equal.',
    rule: 'never',
    noticedBy: `${verify} > a wrong type`,
  },
  {
    name: 'verify-content-types',
    against: 'An event of another content type would count as equal.',
    rule: 'never',
    noticedBy: `${verify} > a wrong content type`,
  },
  {
    name: 'verify-missing-at-the-end',
    against: 'Events that were lost at the end of a stream would not be missed.',
    rule: 'remove',
    noticedBy: `${verify} > one missing at the end`,
  },
  {
    name: 'verify-missing-in-between',
    against: 'Events that were lost within a stream would not be missed.',
    rule: 'remove',
    noticedBy: `${verify} > one missing`,
  },
  {
    name: 'verify-doubled',
    against: 'An event that stands in the stream twice would count once.',
    rule: 'drop item 1',
    noticedBy: `${verify} > one doubled`,
  },
  {
    name: 'verify-reordered',
    against: 'An event that comes too late in the stream would count as in its place.',
    rule: 'drop item 1',
    noticedBy: `${verify} > two swapped`,
  },
  {
    name: 'verify-foreign',
    against: 'An event that nobody accepted would count as ours.',
    rule: 'drop item 1',
    noticedBy: `${verify} > a foreign event at the end`,
  },
  {
    name: 'verify-doubled-in-a-detour',
    against: 'A chunk that was read in its place and once more in a detour would count as equal.',
    rule: 'drop operand 2',
    noticedBy:
      'test/verify/doubledInDetour.test.ts > Verify finds events doubled that stand in their place and once more',
  },
  {
    name: 'target-only-foreign',
    against: 'What another Eventferry wrote into the stream would count as accepted.',
    rule: 'drop operand 2',
    noticedBy:
      'test/verify/targetOnly.test.ts > does not take for accepted what Eventferry wrote under another SOURCE_ID',
  },
  {
    name: 'target-only-order',
    against: 'A stream that holds all events twice would count as intact.',
    rule: 'never',
    noticedBy: 'test/verify/targetOnly.test.ts > events are there twice',
  },
  {
    name: 'target-only-events-of-a-record',
    against: 'A record whose last events are gone would count as whole.',
    rule: 'never',
    noticedBy: 'test/verify/targetOnly.test.ts > the last event of a record is gone',
  },
  {
    name: 'verify-row-against-the-stream',
    against: 'A row that is ahead of what the stream holds would go unseen.',
    rule: 'always',
    noticedBy: `${streamDifferences} > a checkpoint past what the stream holds`,
  },
  {
    name: 'verify-what-was-set-aside',
    against: 'A message that was set aside and is gone would count as kept.',
    rule: 'remove',
    noticedBy:
      'test/engine/quarantining.test.ts > Verify reports a message in quarantine whose blob is gone or changed',
  },
  {
    name: 'verify-to-the-last-event',
    against: 'A stream that holds everything twice, one copy after the other, would be called equal.',
    rule: 'never',
    noticedBy: `${streamDifferences} > a stream into which everything is replicated once more`,
  },
  {
    name: 'verify-events-of-a-record',
    against: 'An event lost from a record that was begun before its key was excluded would not be missed.',
    rule: 'never',
    noticedBy: `${formerSettings} > the last event of a record missing whose key`,
  },
  {
    name: 'verify-by-the-settings-of-then',
    against: 'An event that was lost would never be missed.',
    rule: 'value true',
    noticedBy: `${formerSettings} > an event missing that only the present settings exclude`,
  },
  {
    name: 'verify-what-cannot-be-judged',
    against: 'A stream would be called equal although some of its events could not be judged.',
    rule: 'drop operand 2',
    noticedBy: `${formerSettings} > what it cannot judge when the row is lost`,
  },
  {
    name: 'nothing-to-verify',
    against: 'A range of which nothing is replicated would be called equal.',
    rule: 'never',
    noticedBy: `${streamParts} > that is not replicated yet is not compared`,
  },
  {
    name: 'failed-invocation',
    against: 'The host would count an outage or a stop as a success.',
    rule: 'remove',
    noticedBy: `${timer} > fails with kind, message and remedy, and without a secret`,
  },
  {
    name: 'parts-of-a-run-that-hangs',
    against: 'A run that still hangs would share its parts with the next run.',
    rule: 'remove',
    noticedBy: `${timer} > A run of the timer that is overdue is reported and given up, and never shares its parts with the next`,
  },
];
