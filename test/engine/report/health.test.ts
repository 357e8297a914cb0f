import { describe, expect, test } from 'vitest';

import type { CheckpointRow, LagNote, RunNote } from '../../../src/checkpoint/row.js';
import { lagAt, lastWell, runProblems, staleness, tailProblems } from '../../../src/engine/report/health.js';
import type { Tail } from '../../../src/target/target.js';

const now = Date.parse('2026-03-01T12:00:00Z');
const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
const caughtUp: LagNote = { bytes: 0, events: 0, eventsExact: true, seconds: 0 };
const behind: LagNote = { bytes: 700, events: 2, eventsExact: true, seconds: 0 };

/** A run that ended well so many minutes ago. */
function ended(minutes: number, more: Partial<RunNote> = {}): RunNote {
  const at = ago(minutes);
  return { runner: 'r', startedAt: ago(minutes + 1), endedAt: at, refreshedAt: at, caughtUpAt: at, ...more };
}

describe('After a run that was told to end by itself, with no timer to start another', () => {
  const single = { single: true } as const;

  test('After a run that ended as it was told to, all is well as long as the source holds nothing more, however long that is', () => {
    expect(runProblems(ended(1_000, single), caughtUp, now)).toEqual([]);
    expect(staleness(ended(1_000, single), caughtUp, now)).toEqual({ staleSeconds: 0 });
  });

  test('After a run that ended as it was told to, a source that has grown is named with how to go on', () => {
    expect(runProblems(ended(2, single), behind, now)).toEqual([]);
    expect(runProblems(ended(4, single), behind, now)).toEqual([
      `The last run ended ${ago(4)} as requested, and 2 events are not replicated yet. Start another run, or one with --follow.`,
    ]);
    expect(staleness(ended(4, single), behind, now)).toEqual({ staleSeconds: 240 });
  });

  test('After a run that ended as it was told to, its stop or outage remains in the health', () => {
    const failure = { kind: 'TargetConflict', message: 'A foreign event.', remedy: 'Accept it.', facts: {} } as const;
    const stop = { since: ago(5), failure, notification: 'sent' } as const;
    expect(runProblems(ended(5, { ...single, stop }), behind, now)).toEqual([
      `Stopped since ${ago(5)}: A foreign event. Accept it.`,
    ]);
    const outage = { since: ago(5), tries: 5, failure, notification: 'sent' } as const;
    expect(runProblems(ended(5, { ...single, outage }), caughtUp, now)).toEqual([
      `Outage since ${ago(5)}: A foreign event. Accept it.`,
    ]);
  });

  test('A run that never came to its end is missed although no timer starts another', () => {
    const killed = { runner: 'r', startedAt: ago(5), refreshedAt: ago(4), ...single };
    expect(runProblems(killed, caughtUp, now)).toEqual([expect.stringMatching(/^No run has reported since/)]);
  });
});

describe('After a run that a timer should have followed up', () => {
  test('Three minutes without a run that a timer should have started are a problem, whatever the source holds', () => {
    expect(runProblems(ended(2), caughtUp, now)).toEqual([]);
    expect(runProblems(ended(4), caughtUp, now)).toEqual([
      `No run has reported since ${ago(4)}. Check whether one is running.`,
    ]);
    expect(staleness(ended(4), caughtUp, now)).toEqual({ staleSeconds: 240 });
  });

  test('An outage whose end is still being reported is over', () => {
    const failure = { kind: 'TargetUnreachable', message: 'Nobody.', remedy: 'Start it.', facts: {} } as const;
    const outage = { since: ago(9), endedAt: ago(1), tries: 5, failure, notification: 'claimed' } as const;
    expect(runProblems(ended(1, { outage }), caughtUp, now)).toEqual([]);
    expect(staleness(ended(1, { outage }), caughtUp, now)).toEqual({ staleSeconds: 0 });
  });
});

describe('A target that a run would stop for', () => {
  const row = { confirmed: {} } as unknown as CheckpointRow;

  test.each<[Tail, string]>([
    [
      { kind: 'absent' },
      'Stream t does not exist any more. Check TARGET_STREAM and the server; `eventferry rewind` replicates again from the beginning.',
    ],
    [
      { kind: 'truncated', reason: '$tb 9' },
      'Stream t shows no event: $tb 9. Restore what was lost, or replicate from the beginning into a new TARGET_STREAM.',
    ],
    [
      { kind: 'tombstoned' },
      'Stream t was deleted for good. Restore what was lost, or replicate from the beginning into a new TARGET_STREAM.',
    ],
  ])('A target that a run would stop for is reported with the remedy before a run has met it: %j', (tail, problem) => {
    expect(tailProblems(tail, row, 't')).toEqual([problem]);
  });
});

describe('How far behind the target is, and since when', () => {
  const head = { chunk: 'c', bytes: 9 };
  const run = { runner: 'r', startedAt: ago(9), refreshedAt: ago(0) };

  test.each<[string, number, RunNote | undefined, number]>([
    ['no run has ever noted anything', 5, undefined, 0],
    ['nobody has seen unconfirmed bytes yet', 5, run, 0],
    ['unconfirmed bytes were first seen two minutes ago', 5, { ...run, behindSince: ago(2) }, 120],
    ['the source holds nothing more, whatever the row still says', 0, { ...run, behindSince: ago(2) }, 0],
    ['the clock was set back since', 5, { ...run, behindSince: ago(-2) }, 0],
  ])('The lag in seconds when %s', (_, bytes, noted, seconds) => {
    const seen = { bytes, events: 3, eventsExact: false, head };
    expect(lagAt(seen, noted, now)).toEqual({ bytes, events: 3, eventsExact: false, seconds });
  });

  test.each<[string, Parameters<typeof lastWell>[0], string | undefined]>([
    ['nothing has run yet', undefined, undefined],
    ['nothing was ever confirmed', {}, undefined],
    ['an event was confirmed', { movedAt: ago(3) }, ago(3)],
    ['everything was confirmed', { caughtUpAt: ago(4) }, ago(4)],
    ['an event was confirmed after everything was', { movedAt: ago(1), caughtUpAt: ago(2) }, ago(1)],
    ['everything was confirmed after an event was', { movedAt: ago(2), caughtUpAt: ago(1) }, ago(1)],
  ])('Replication was last known to be well when %s', (_, noted, at) => {
    expect(lastWell(noted)).toBe(at === undefined ? undefined : Date.parse(at));
  });
});
