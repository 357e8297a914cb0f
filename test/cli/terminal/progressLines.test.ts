import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';

import { progressLines, replicationWords } from '../../../src/cli/terminal/progress.js';
import { FakeClock } from '../../support/fakeClock.js';

test('Without a terminal, progress is one line every few seconds, and none while nothing moves', () => {
  const stream = new PassThrough();
  const clock = new FakeClock();
  const lines = progressLines(stream, replicationWords, clock);
  const lag = { bytes: 1, events: 2_000, eventsExact: true, head: { chunk: 'head', bytes: 1 } };
  for (let second = 1; second <= 12; second++) {
    clock.advance(1000);
    lines.show({ events: second * 100, position: second * 100, revision: second * 100 - 1, lag });
  }
  for (let second = 13; second < 60; second++) {
    clock.advance(1000);
    lines.show({ events: 1200, position: 1200, revision: 1199, lag });
  }

  expect((stream.read() as Buffer).toString().split('\n')).toEqual([
    '500 events | 100 events/s | position 500, revision 499 | ~1,600 behind | 16 s left',
    '1,000 events | 100 events/s | position 1000, revision 999 | ~1,100 behind | 11 s left',
    expect.stringMatching(/^1,200 events \| /),
    '',
  ]);
});

test('A line beside the progress cannot control the terminal', () => {
  const stream = new PassThrough();
  progressLines(stream, replicationWords, new FakeClock()).line('type=a\u001b[2J');
  expect((stream.read() as Buffer).toString()).toBe('type=a\\u001b[2J\n');
});
