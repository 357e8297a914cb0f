import { describe, expect, test } from 'vitest';

import { statusLines, type Screen } from '../../../src/cli/reports/statusReport.js';
import type { Status } from '../../../src/engine/report/status.js';

const now = Date.parse('2026-03-01T12:00:00Z');

/** The lines as text, with or without the names of the colours. */
function linesOf(
  status: Status,
  { colours = false, ...screen }: Partial<Screen> & { readonly colours?: boolean } = {},
) {
  return statusLines(status, { now, ...screen }).map((line) =>
    (typeof line === 'string' ? [line] : line)
      .map((part) => {
        if (typeof part === 'string') return part;
        return colours ? `<${part.colour}>${part.text}</>` : part.text;
      })
      .join(''),
  );
}

const failure = {
  kind: 'TargetUnreachable',
  message: 'EventStoreDB at db:2113 is unreachable: connection refused.',
  remedy: 'Check that the server runs and that its port can be reached from here.',
  facts: {},
} as const;

const well: Status = {
  healthy: true,
  problems: [],
  source: {
    id: 'shop-tapes',
    head: { chunk: '00000354-2013-10-16-145236.dat', bytes: 1_234_567 },
    map: { chunks: 12, bytes: 45_600_000, readChunks: 11, readBytes: 45_000_000, around: [] },
  },
  target: { stream: 'shop', state: 'event', revision: 41, position: 42 },
  checkpoint: { confirmedPosition: 42, confirmedRevision: 41, chunk: 'a.dat', offset: 10_000, generation: 0 },
  lag: { bytes: 0, events: 0, eventsExact: true, seconds: 0 },
  staleSeconds: 0,
  run: {
    runner: 'machine-7',
    startedAt: '2026-03-01T11:59:00.000Z',
    refreshedAt: '2026-03-01T11:59:50.000Z',
  },
  warnings: [],
};

describe('A status on a screen', () => {
  test('A status on a screen says in human units where replication is', () => {
    expect(linesOf(well)).toEqual([
      'State       healthy',
      'Source      shop-tapes, ends in 00000354-2013-10-16-145236.dat at byte 1,234,567; 12 chunks, 45.6 MB',
      'Target      stream shop, revision 41, position 42',
      'Checkpoint  position 42, revision 41 confirmed, reads on in a.dat at byte 10,000',
      'Lag         none',
      'Last well   now',
      'Run         machine-7, started 2026-03-01T11:59:00Z (1 min 0 s ago), last heard of 2026-03-01T11:59:50Z (10 s ago)',
    ]);
  });

  test('A status on a screen says what is wrong, since when and what to do, and fits 80 by 24', () => {
    const outage = { since: '2026-03-01T11:50:00.000Z', tries: 9, failure, notification: 'sent' } as const;
    const ill: Status = {
      ...well,
      healthy: false,
      problems: [`Outage since ${outage.since}: ${failure.message} ${failure.remedy}`],
      outage,
      lag: { bytes: 2_345_678, events: 3_400, eventsExact: false, seconds: 605 },
      staleSeconds: 605,
      lastError: { ...failure, at: '2026-03-01T11:59:30.000Z' },
    };
    const lines = linesOf(ill, { columns: 80 });
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.length).toBeLessThan(24);
    expect(lines.slice(0, 4)).toEqual([
      'State       outage: Eventferry tries again',
      'Problem     Outage since 2026-03-01T11:50:00.000Z: EventStoreDB at db:2113 is',
      '            unreachable: connection refused. Check that the server runs and that',
      '            its port can be reached from here.',
    ]);
    expect(lines).toContain('Lag         about 3,400 events, 2.3 MB, for 10 min 5 s');
    expect(lines).toContain('Last well   10 min 5 s ago');
    expect(lines).toContain('Outage      since 2026-03-01T11:50:00Z (10 min 0 s ago), 9 failed so far');
  });

  test('A status on a screen says after a run that ended as it was told to that no other is due', () => {
    const ended = { ...well.run, endedAt: '2026-03-01T11:00:00.000Z', single: true } as NonNullable<Status['run']>;
    const recentRuns = [{ startedAt: '', endedAt: '', end: 'caught-up', events: 3 }];
    expect(linesOf({ ...well, run: ended, recentRuns }).at(-1)).toBe(
      'Run         machine-7, ended 2026-03-01T11:00:00Z (1 h 0 min ago): caught-up; no other is due',
    );
  });

  test('A status on a screen colours what is well, what needs a look and what is wrong, where colour is allowed', () => {
    const coloured = linesOf({ ...well, warnings: ['Look at this.'] }, { colours: true });
    expect(coloured[0]).toBe('State       <green>healthy</>');
    expect(coloured[1]).toBe('Warning     <yellow>Look at this.</>');
    expect(coloured.slice(2).join('')).not.toContain('<');
    const wrong = linesOf({ ...well, healthy: false, problems: ['It is broken.'] }, { colours: true });
    expect(wrong.slice(0, 2)).toEqual(['State       <red>1 problem</>', 'Problem     <red>It is broken.</>']);
  });

  test('A status on a screen lets no text of a store control the terminal', () => {
    const evil = { ...well, problems: ['a\u001b[2Jb'] };
    expect(linesOf(evil).join('\n')).toContain('a\\u001b[2Jb');
  });
});
