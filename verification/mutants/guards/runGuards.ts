import type { Guard } from '../guard.js';

const run = 'test/engine/run.test.ts';
const runFailures = 'test/engine/runFailures.test.ts';
const pipeline = 'test/engine/append/pipeline.test.ts';
const setAside = 'test/engine/quarantining.test.ts';
const outage = 'test/engine/report/incidents.test.ts';
const wrongInput = 'test/engine/wrongInput.test.ts';
const standoff = 'test/engine/standoff.test.ts';

/** The guards of runs, of their appends, and of notices. */
export const runGuards: readonly Guard[] = [
  {
    name: 'state-dropped-on-error',
    against: 'A run would go on from what it believed instead of from what the target holds.',
    rule: 'keep',
    noticedBy: `${run} > starts again from what the target holds once an append has failed`,
  },
  {
    name: 'row-before-the-first-event',
    against:
      'A run that finds our first events without a row would not know what was at the source when they were read.',
    rule: 'remove',
    noticedBy:
      'test/verification/crashMatrix.test.ts > meets every kind of step that has an effect outside, the row before the first event',
  },
  {
    name: 'target-asked-while-caught-up',
    against: 'A target that is lost while nothing is written would go unnoticed, and the row would not be refreshed.',
    rule: 'drop item 3',
    noticedBy: `${run} > renews the row at least once a minute while it waits`,
  },
  {
    name: 'run-that-does-not-end',
    against: 'A run that hangs would hang for ever, and no timer would start a new one.',
    rule: 'remove',
    noticedBy: `${runFailures} > A run that outlives its budget by more than an append and 15 s gives itself up`,
  },
  {
    name: 'patience-with-another-runner',
    against: 'Two runners that wait for each other would stall in silence.',
    rule: 'never',
    noticedBy: `${runFailures} > is left to it for five minutes`,
  },
  {
    name: 'standoff',
    against: 'A server that accepts no append would be retried for ever, and no outage would be reported.',
    rule: 'always',
    noticedBy: `${standoff} > After an append of unknown outcome, a tail that did not move is tried once more after a wait, then it is an outage`,
  },
  {
    name: 'another-runner',
    against: 'Two runners would compete for the tail for ever.',
    rule: 'always',
    noticedBy: `${standoff} > After an append of unknown outcome, a tail beyond anything we sent, twice, is another runner`,
  },
  {
    name: 'cursor-of-what-is-under-way',
    against: "The row's cursor would be after records that the target never accepted.",
    rule: 'never',
    noticedBy: 'test/verification/crashMatrix.test.ts > killed before or after a step that has an effect',
  },
  {
    name: 'confirmed-before-a-stop',
    against: 'Records that were read before a finding would not be replicated.',
    rule: 'remove',
    noticedBy: `${wrongInput} > because its type`,
  },
  {
    name: 'kept-before-its-event',
    against: 'An event would stand for a message that is kept nowhere.',
    rule: 'remove',
    noticedBy: `${setAside} > a message that cannot become an event is kept whole, and an event that says so takes its place`,
  },
  {
    name: 'look-before-a-record-is-sent',
    against: 'Events of a large record would be appended although a later one of it is too large for any append.',
    rule: 'value {bytes:0}',
    noticedBy: 'test/engine/largeRecord.test.ts > Nothing of a large record is appended when its last message is',
  },
  {
    name: 'left-off-inside-a-record',
    against: 'Behind a record that is left off inside, events of it would follow that were not the next ones.',
    rule: 'remove',
    noticedBy: 'test/engine/append/lane.test.ts > never takes it for whole',
  },
  {
    name: 'contiguous-prefix',
    against: 'An append would count as confirmed while one before it is not.',
    rule: 'remove',
    noticedBy: `${pipeline} > A pipeline confirms only the contiguous prefix when answers come in another order`,
  },
  {
    name: 'failure-of-an-append',
    against: 'A pass would wait for ever, or send more appends after one that failed.',
    rule: 'remove',
    noticedBy: `${pipeline} > A pipeline sends the first request alone, so that a later one cannot be taken for it when the stream has grown meanwhile`,
  },
  {
    name: 'longest-message',
    against: 'A request that is too long for gRPC would end the call, again and again.',
    rule: 'drop operand 2',
    noticedBy:
      'test/engine/append/lane.test.ts > A record that is small as the server counts is cut inside where one message cannot hold it',
  },
  {
    name: 'size-of-every-event',
    against: 'Events of a record would be appended although a later one of it is too large for any append.',
    rule: 'value {bytes:0,maxBytes:0,sentBytes:0}',
    noticedBy:
      'test/engine/append/pipelineRecords.test.ts > A pipeline keeps with each record the source state that came with it, also in the middle of a batch',
  },
  {
    name: 'cursor-of-what-was-taken',
    against: "The row's cursor would be after a record of which nothing was appended.",
    rule: 'never',
    noticedBy: `test/engine/append/frontier.test.ts > 'waits for events that have not left'`,
  },
  {
    name: 'first-append-alone',
    against: 'After a pause, an append could succeed after one that failed, if another runner left just its revision.',
    rule: 'remove',
    noticedBy: `${pipeline} > sends the first request alone`,
  },
  {
    name: 'outage-told-once',
    against: 'People would be told of an outage at every try.',
    rule: 'always',
    noticedBy: `${outage} > is one more of an outage that another process has told`,
  },
  {
    name: 'stop-told-once',
    against: 'People would be told of a stop at every run.',
    rule: 'always',
    noticedBy: `${outage} > is not told again when another process has told its cause`,
  },
  {
    name: 'claimed-before-it-is-sent',
    against: 'If a process died after it claimed a notice and before it sent it, nobody would ever be told.',
    rule: 'always',
    noticedBy: `${outage} > tells an outage that a process claimed and never told`,
  },
  {
    name: 'claim-holds-for-a-while',
    against: 'Two processes would tell people of the same outage.',
    rule: 'drop operand 2',
    noticedBy: `${outage} > is one more of an outage that another process is about to tell`,
  },
];
