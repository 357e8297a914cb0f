import { describe, expect, test } from 'vitest';

import { runFacts, runLines } from '../../../src/cli/reports/runReport.js';
import type { Progress } from '../../../src/engine/parts.js';
import { beginning } from '../../../src/core/cursor.js';
import { cursorAfter } from '../../../src/core/record.js';
import { sampleEvents, sampleRecord } from '../../support/stores/sampleRecords.js';

const names = { source: { id: 'billing', container: 'billing-tapes' }, target: { stream: 'billing' } };

function placeBehind(position: number, revision: number): Progress {
  const record = sampleRecord(position);
  const [event] = sampleEvents(record, 1);
  if (!event) throw new Error('one event was asked for');
  return { cursor: cursorAfter(record, undefined), revision, confirmed: { mark: event.mark, revision } };
}

describe('The report of a run', () => {
  test('The report of a run says that another runner was found', () => {
    const report = { end: 'caught-up', events: 7, place: placeBehind(12, 30), anotherRunner: true } as const;
    expect(runLines(report, names)).toEqual([
      'Replicated 7 events: position 12, revision 30 of stream billing. Caught up.',
      'Another runner writes to the same stream. Every event is there exactly once all the same.',
    ]);
    expect(runFacts(report, names)).toEqual({
      end: 'caught-up',
      events: 7,
      position: 12,
      revision: 30,
      stream: 'billing',
      source: 'billing',
      anotherRunner: true,
    });
  });

  test('The report of a run says when all records so far make no event', () => {
    const place = { cursor: { ...beginning, position: 4 }, revision: -1 };
    expect(runLines({ end: 'caught-up', events: 0, place, anotherRunner: false }, names)).toEqual([
      'Caught up: no record of the source makes an event yet.',
    ]);
  });

  test('The report of a run that had to be cut off does not claim to know what the run did', () => {
    expect(runLines(undefined, names).join()).toContain('while appends were under way');
    expect(runFacts(undefined, names)).toMatchObject({ end: 'stop-requested', events: null, revision: null });
  });
});
