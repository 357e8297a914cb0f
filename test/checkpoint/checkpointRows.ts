import type { CheckpointRow, RunNote } from '../../src/checkpoint/row.js';
import type { Mark } from '../../src/core/mark.js';

/** The mark of the only event of a record. */
export function markAt(position: number): Mark {
  return {
    v: 1,
    source: 'billing',
    position,
    index: 0,
    count: 1,
    key: 'customer-12',
    sha1: '00112233445566aa',
    chunk: '00000000-2013-10-18-091001.dat',
    offset: position * 100,
    settings: '0a1b2c3d',
  };
}

/** What was reached once the record at `position` is confirmed, when every record makes one event. */
export function reachedAt(position: number): Required<Pick<CheckpointRow, 'cursor' | 'confirmed'>> {
  return {
    cursor: {
      chunk: '00000000-2013-10-18-091001.dat',
      offset: (position + 1) * 100,
      sha1: '00112233445566778899aabbccddeeff00112233',
      position: position + 1,
    },
    confirmed: { mark: markAt(position), revision: position - 1 },
  };
}

export function rowAt(position: number): CheckpointRow {
  return {
    source: 'billing',
    stream: 'billing-events',
    ...reachedAt(position),
    generation: 0,
    settings: { SOURCE_ID: 'billing', EXCLUDE_KEYS: 'audit' },
  };
}

/** A note that says as much as one can. */
export const fullNote: RunNote = {
  runner: 'laptop-17',
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:01:00.000Z',
  refreshedAt: '2026-01-01T00:01:00.000Z',
  movedAt: '2026-01-01T00:00:59.000Z',
  caughtUpAt: '2026-01-01T00:00:58.000Z',
  lag: { bytes: 9_007_199_254_740_991, events: 12, eventsExact: false, seconds: 3 },
  sourceHead: { chunk: '00000061-2013-10-18-091001.dat', bytes: 27_385 },
  examination: { at: '2026-01-01T00:00:01.000Z', wrong: ['Nothing answers.'], warnings: ['The stream name is odd.'] },
  outage: {
    since: '2026-01-01T00:00:30.000Z',
    tries: 3,
    failure: { kind: 'TargetUnreachable', message: 'No answer.', remedy: 'Look.', facts: { host: 'db', port: 2113 } },
    notification: 'sent',
  },
  stop: {
    since: '2026-01-01T00:00:40.000Z',
    failure: { kind: 'SourceGap', message: 'A gap.', remedy: 'Look.', facts: { chunk: 'x', by: 2 } },
    notification: 'claimed',
  },
};
