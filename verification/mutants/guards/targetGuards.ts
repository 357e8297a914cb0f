import type { Guard } from '../guard.js';

const batchAppend = 'test/target/append/batchAppend.test.ts';
const refusedAppend = 'test/target/append/refusedAppend.test.ts';
const nonsenseAnswers = 'test/target/append/nonsenseAnswers.test.ts';
const flowControl = 'test/target/append/flowControl.test.ts';
const tail = 'test/target/read/tail.test.ts';
const hostile = 'test/target/hostileServer.test.ts';
const limit = 'test/target/append/limit.test.ts';

/** The guards of appends to the server and of reads from it. */
export const targetGuards: readonly Guard[] = [
  {
    name: 'exact-revision',
    against: 'Two runners, or one and its own late request, would both succeed: events doubled.',
    rule: 'value 0x22',
    noticedBy: 'test/target/append/request.test.ts > random events, what the generated classes write and read',
  },
  {
    name: 'no-stream',
    against: 'A first append would succeed after events that someone else wrote first.',
    rule: 'value 0x22',
    noticedBy: 'test/target/append/request.test.ts > gives the server a duration',
  },
  {
    name: 'revision-of-a-success',
    against: 'A success at another revision than expected would count.',
    rule: 'never',
    noticedBy: `${nonsenseAnswers} > An answer with a revision that must not come is refused with the facts`,
  },
  {
    name: 'success-without-a-position',
    against: 'Appends to a truncated stream that accepts known ids but stores nothing would count as written.',
    rule: 'never',
    noticedBy: `${nonsenseAnswers} > An answer of success without a position is no success`,
  },
  {
    name: 'correlation-id',
    against: 'An answer would be taken for the answer to another append.',
    rule: 'always',
    noticedBy: `${batchAppend} > matches answers that come in any order`,
  },
  {
    name: 'buffers-of-a-call',
    against: 'A request that gRPC has not sent yet would be overwritten with another one.',
    rule: 'drop operand 2',
    noticedBy: `${flowControl} > keeps the buffers of a call that is given up`,
  },
  {
    name: 'buffer-of-one-request',
    against: 'A request that gRPC has not sent yet would be overwritten with the next one.',
    rule: 'remove',
    noticedBy: `${flowControl} > leaves every byte as it was when copies are late`,
  },
  {
    name: 'deadline-of-an-append',
    against: 'An append that the server never answers would hang for ever.',
    rule: 'value undefined',
    noticedBy: `${batchAppend} > fails within its deadline, with everything in flight, and the next call works`,
  },
  {
    name: 'deadline-of-a-plain-append',
    against: 'An append that an older server never answers would hang for ever.',
    rule: 'value undefined',
    noticedBy:
      'test/target/append/plainAppend.test.ts > A server without BatchAppend that falls silent fails within the deadline',
  },
  {
    name: 'end-of-the-call',
    against: 'Appends on a call that the server has ended would wait for their deadline.',
    rule: 'remove',
    noticedBy: `${batchAppend} > that the server ends politely rejects what is in flight`,
  },
  {
    name: 'first-failure-ends-the-call',
    against: 'Appends after one that failed would be accepted as if nothing had happened.',
    rule: 'remove',
    noticedBy: `${refusedAppend} > for a deleted stream`,
  },
  {
    name: 'limit-of-an-append',
    against: 'An event that the server refuses would be sent again and again.',
    rule: 'remove',
    noticedBy: `${limit} > An event of exactly the limit passes, one byte more is refused with what and where it is`,
  },
  {
    name: 'limit-of-an-event',
    against: 'An event that the server refuses by its own limit would be sent again and again.',
    rule: 'remove',
    noticedBy: `${refusedAppend} > because one event is too large teaches that limit, and the next try names the event before it is sent`,
  },
  {
    name: 'limit-of-a-message',
    against: 'An event that no gRPC message holds would end the call, again and again.',
    rule: 'remove',
    noticedBy: `${limit} > An event that fits no gRPC message is refused however large an append may be`,
  },
  {
    name: 'append-of-nothing',
    against: 'The server would claim a revision that is not there.',
    rule: 'remove',
    noticedBy: 'test/contracts/target.test.ts > An append of nothing changes nothing',
  },
  {
    name: 'requires-leader',
    against: 'The tail would be read from a follower node that is behind the leader.',
    rule: 'remove',
    noticedBy: `${batchAppend} > says requires-leader and the name of the connection, and gives the server a duration if it knows those`,
  },
  {
    name: 'second-look-at-an-absent-stream',
    against: 'A stream that was just written again would be taken for absent, and replicated from the beginning.',
    rule: 'always',
    noticedBy: `${tail} > A tail is absent only after a second look, a second later`,
  },
  {
    name: 'second-look-at-a-truncated-stream',
    against: 'A stream that was just written again would be reported as a stop.',
    rule: 'always',
    noticedBy: `${tail} > A tail is absent only after a second look, a second later`,
  },
  {
    name: 'soft-deleted-stream',
    against: 'Events would be appended to a stream that accepts known ids but stores nothing.',
    rule: 'never',
    noticedBy: `${tail} > 9223372036854775807`,
  },
  {
    name: 'hidden-events',
    against: 'A stream whose events are all hidden would be taken for absent, and replicated from the beginning.',
    rule: 'never',
    noticedBy: `${tail} > The tail of a stream whose events are all hidden names every reason there is`,
  },
  {
    name: 'metadata-without-events',
    against: 'A stream that was deleted, or whose events were scavenged, would be taken for absent.',
    rule: 'never',
    noticedBy: `${tail} > {"$maxCount":1}`,
  },
  {
    name: 'right-to-read-the-metadata',
    against: 'A stream would be called absent by a user who may not see that it was deleted.',
    rule: 'remove',
    noticedBy: `${tail} > A tail that seems absent cannot be told from a deleted stream without the right to read its metadata`,
  },
  {
    name: 'order-of-a-page',
    against: 'Events that a broken server gives twice or out of order would be believed.',
    rule: 'remove',
    noticedBy: `${hostile} > an earlier revision than asked for`,
  },
  {
    name: 'stream-of-a-page',
    against: 'Events of another stream would be believed.',
    rule: 'remove',
    noticedBy: `${hostile} > an event of another stream`,
  },
  {
    name: 'silent-read',
    against: 'A read that the server never answers would hang for ever.',
    rule: 'remove',
    noticedBy: `${tail} > Reading from a server that falls silent fails within 15 s`,
  },
];
