import { describe, expect, test } from 'vitest';

import { Pace } from '../../../src/cli/reports/pace.js';
import type { RunProgress } from '../../../src/engine/terms.js';
import type { SourceLag } from '../../../src/source/source.js';

const lag = (events: number): SourceLag => ({
  bytes: events * 100,
  events,
  eventsExact: true,
  head: { chunk: 'head', bytes: 1 },
});

function progress(events: number, seen?: SourceLag): RunProgress {
  return { events, position: events, revision: events - 1, ...(seen && { lag: seen }) };
}

describe('The pace of a run', () => {
  test('The pace of a run is not known from one sample', () => {
    expect(new Pace().seen(progress(100, lag(900)), 0)).toEqual({ eventsPerSecond: 0, total: 1000 });
  });

  test('The pace of a run is that of its latest samples, and tells the time left', () => {
    const pace = new Pace();
    const ahead = lag(1000);
    pace.seen(progress(0, ahead), 0);
    pace.seen(progress(100, ahead), 1000);
    expect(pace.seen(progress(300, ahead), 2000)).toEqual({
      eventsPerSecond: 150,
      total: 1000,
      secondsLeft: 700 / 150,
    });
  });

  test('The pace of a run forgets its first samples', () => {
    const pace = new Pace();
    const ahead = lag(100_000);
    for (let second = 0; second <= 20; second++) pace.seen(progress(second * 1000, ahead), second * 1000);
    for (let second = 21; second <= 40; second++) pace.seen(progress(20_000 + (second - 20), ahead), second * 1000);
    expect(pace.seen(progress(20_021, ahead), 41_000).eventsPerSecond).toBeCloseTo(1, 5);
  });

  test('The pace of a run counts what the source gains meanwhile', () => {
    const pace = new Pace();
    pace.seen(progress(0, lag(10)), 0);
    expect(pace.seen(progress(10, lag(5)), 1000)).toEqual({ eventsPerSecond: 10, total: 15, secondsLeft: 0.5 });
  });

  test('The progress of a run never shows more events than there are in all, and nothing left at the head', () => {
    const pace = new Pace();
    const first = lag(10);
    pace.seen(progress(0, first), 0);
    expect(pace.seen(progress(30, first), 1000)).toEqual({ eventsPerSecond: 30, total: 30, secondsLeft: 0 });
  });
});
