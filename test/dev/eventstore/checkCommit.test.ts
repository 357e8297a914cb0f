import { describe, expect, test } from 'vitest';
import {
  ANY,
  checkCommit,
  NO_STREAM,
  STREAM_EXISTS,
  type CommitDecision,
} from '../../../dev/eventstore/store/checkCommit.js';

interface Stream {
  /** One letter is one id. */
  stored: string;
  softDeleted?: boolean;
  tombstoned?: boolean;
  hasMetadata?: boolean;
  /** How many of the stored events readers can see; all of them if not given. */
  committed?: number;
  /** Ids remembered for ANY, with their first revision; all stored ones if not given. */
  recent?: Record<string, number>;
}

function decide(stream: Stream, expected: number, ids: string): CommitDecision {
  const { stored, recent } = stream;
  return checkCommit(
    {
      lastRevision: stored.length - 1,
      committedRevision: (stream.committed ?? stored.length) - 1,
      tombstoned: stream.tombstoned ?? false,
      softDeleted: stream.softDeleted ?? false,
      hasMetadata: stream.hasMetadata ?? false,
    },
    expected,
    {
      count: ids.length,
      isStoredAt: (index, revision) => stored[revision] === ids[index],
      recentRevision: (index) => {
        const id = ids[index] ?? '';
        if (recent) return recent[id];
        return stored.includes(id) ? stored.indexOf(id) : undefined;
      },
    },
  );
}

const ok: CommitDecision = { kind: 'ok', undelete: false };
const undelete: CommitDecision = { kind: 'ok', undelete: true };
const wrong: CommitDecision = { kind: 'wrongExpectedVersion' };
const deleted: CommitDecision = { kind: 'deleted' };
const inFlight: CommitDecision = { kind: 'repeatInFlight' };
const repeat = (first: number, last: number): CommitDecision => ({ kind: 'repeat', first, last });

type Row = [what: string, stream: Stream, expected: number, ids: string, decision: CommitDecision];

const exact: Row[] = [
  ['the current revision is written', { stored: 'xy' }, 1, 'ab', ok],
  ['the current revision is written even with ids that are there', { stored: 'ab' }, 1, 'ab', ok],
  ['a revision ahead is wrong', { stored: 'ab' }, 5, 'c', wrong],
  ['any revision of a missing stream is wrong', { stored: '' }, 0, 'a', wrong],
  ['all ids where they stand: a repeat', { stored: 'xyabcde' }, 1, 'abcde', repeat(2, 6)],
  ['a prefix of what was written: a repeat', { stored: 'xyabcde' }, 1, 'ab', repeat(2, 3)],
  ['a slice from the middle: a repeat', { stored: 'xyabcde' }, 3, 'cd', repeat(4, 5)],
  ['a suffix: a repeat', { stored: 'xyabcde' }, 5, 'e', repeat(6, 6)],
  ['known ids and new ones behind them are wrong', { stored: 'xyabc' }, 1, 'abcf', wrong],
  ['a later id that differs is wrong', { stored: 'xyabc' }, 1, 'aXc', wrong],
  ['a first id that differs is wrong', { stored: 'xyabc' }, 1, 'Xbc', wrong],
  ['known ids in another order are wrong', { stored: 'xyabc' }, 1, 'bac', wrong],
  ['known ids with another base are wrong', { stored: 'xyabc' }, 0, 'abc', wrong],
  ['the same id twice, repeated: a repeat', { stored: 'aa' }, NO_STREAM, 'aa', repeat(0, 1)],
  ['no events below the current revision are wrong', { stored: 'ab' }, 0, '', wrong],
  ['no events at the current revision are written', { stored: 'ab' }, 1, '', ok],
  ['a repeat of what is still being written is dropped', { stored: 'abc', committed: 1 }, 0, 'bc', inFlight],
  ['a repeat of the part that is committed is answered', { stored: 'abc', committed: 2 }, 0, 'b', repeat(1, 1)],
  ['ids forgotten for ANY are still known by revision', { stored: 'abc', recent: {} }, 0, 'bc', repeat(1, 2)],
  ['on a soft-deleted stream the last revision brings it back', { stored: 'ab', softDeleted: true }, 1, 'c', undelete],
  [
    'on a soft-deleted stream old ids at their place: a repeat',
    { stored: 'abc', softDeleted: true },
    1,
    'c',
    repeat(2, 2),
  ],
  ['on a soft-deleted stream another id below is wrong', { stored: 'abc', softDeleted: true }, 1, 'X', wrong],
  ['a tombstone ends it', { stored: 'ab', tombstoned: true }, 0, 'b', deleted],
];

const noStream: Row[] = [
  ['a missing stream is written', { stored: '' }, NO_STREAM, 'a', ok],
  ['a missing stream takes no events too', { stored: '' }, NO_STREAM, '', ok],
  ['an existing stream is wrong', { stored: 'abc' }, NO_STREAM, 'x', wrong],
  ['all ids from the start: a repeat', { stored: 'abcd' }, NO_STREAM, 'abc', repeat(0, 2)],
  ['ids of several appends: a repeat', { stored: 'xyab' }, NO_STREAM, 'xya', repeat(0, 2)],
  [
    'old ids of a soft-deleted stream: a repeat, and it stays deleted',
    { stored: 'abc', softDeleted: true },
    NO_STREAM,
    'abc',
    repeat(0, 2),
  ],
  ['new ids bring a soft-deleted stream back', { stored: 'abc', softDeleted: true }, NO_STREAM, 'de', undelete],
  [
    'an old id and a new one on a soft-deleted stream are wrong',
    { stored: 'abc', softDeleted: true },
    NO_STREAM,
    'ad',
    wrong,
  ],
  ['no events on a soft-deleted stream are wrong', { stored: 'abc', softDeleted: true }, NO_STREAM, '', wrong],
  ['a tombstone ends it', { stored: 'ab', tombstoned: true }, NO_STREAM, 'ab', deleted],
];

const byId: Row[] = [
  ['ANY writes what it does not know', { stored: 'ab' }, ANY, 'cd', ok],
  ['ANY writes a missing stream', { stored: '' }, ANY, 'a', ok],
  ['ANY finds what was written lately: a repeat', { stored: 'xabc' }, ANY, 'abc', repeat(1, 3)],
  ['ANY finds what was written one by one, and slices', { stored: 'xabc' }, ANY, 'bc', repeat(2, 3)],
  ['ANY with a first id that is unknown writes everything', { stored: 'ab' }, ANY, 'Xab', ok],
  ['ANY with a known id and then an unknown one is wrong', { stored: 'ab' }, ANY, 'abX', wrong],
  ['ANY answers with the place an id had first', { stored: 'abab' }, ANY, 'ab', repeat(0, 1)],
  ['ANY answers with the revision of the last id, whatever its order', { stored: 'abc' }, ANY, 'ca', repeat(2, 0)],
  ['ANY after a restart remembers nothing and writes again', { stored: 'ab', recent: {} }, ANY, 'ab', ok],
  ['ANY drops a repeat of what is still being written', { stored: 'ab', committed: 1 }, ANY, 'ab', inFlight],
  ['ANY brings a soft-deleted stream back', { stored: 'ab', softDeleted: true }, ANY, 'c', undelete],
  [
    'ANY with old ids leaves a soft-deleted stream deleted',
    { stored: 'ab', softDeleted: true },
    ANY,
    'ab',
    repeat(0, 1),
  ],
  ['ANY without events brings a soft-deleted stream back', { stored: 'ab', softDeleted: true }, ANY, '', undelete],
  ['ANY on a tombstone is refused', { stored: 'ab', tombstoned: true }, ANY, 'c', deleted],
  ['STREAM_EXISTS refuses a missing stream', { stored: '' }, STREAM_EXISTS, 'a', wrong],
  [
    'STREAM_EXISTS takes a stream of which only metadata exists',
    { stored: '', hasMetadata: true },
    STREAM_EXISTS,
    'a',
    ok,
  ],
  ['STREAM_EXISTS writes and finds as ANY does', { stored: 'ab' }, STREAM_EXISTS, 'ab', repeat(0, 1)],
  ['STREAM_EXISTS refuses a soft-deleted stream', { stored: 'ab', softDeleted: true }, STREAM_EXISTS, 'c', deleted],
  ['STREAM_EXISTS refuses a tombstone', { stored: 'ab', tombstoned: true }, STREAM_EXISTS, 'c', deleted],
];

describe('checkCommit', () => {
  describe('with an exact revision', () => {
    test.each(exact)('checkCommit with an exact revision: %s', (_, stream, expected, ids, decision) => {
      expect(decide(stream, expected, ids)).toEqual(decision);
    });
  });
  describe('with NO_STREAM', () => {
    test.each(noStream)('checkCommit with NO_STREAM: %s', (_, stream, expected, ids, decision) => {
      expect(decide(stream, expected, ids)).toEqual(decision);
    });
  });
  describe('with ANY and STREAM_EXISTS', () => {
    test.each(byId)('checkCommit with ANY or STREAM_EXISTS: %s', (_, stream, expected, ids, decision) => {
      expect(decide(stream, expected, ids)).toEqual(decision);
    });
  });
});
