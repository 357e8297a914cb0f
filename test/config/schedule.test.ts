import { describe, expect, test } from 'vitest';

import { intervalSeconds, isNcrontab } from '../../src/config/schedule.js';

describe('A timer schedule', () => {
  test.each([
    '0 * * * * *',
    '*/10 * * * * *',
    '* * * * *',
    '0 0 9-17 * * MON-FRI',
    '0 30 4,16 1 jan,July *',
    '0 5/15 * * * 0-6/2',
  ])('A timer schedule may be %s', (schedule) => {
    expect(isNcrontab(schedule)).toBe(true);
  });

  test.each([
    '',
    '*',
    '0 * * *',
    '0 * * * * * *',
    '60 * * * * *',
    '0 * 24 * * *',
    '00:01:00',
    '@hourly',
    '0 * * 0 * *',
  ])('A timer schedule may not be "%s"', (schedule) => {
    expect(isNcrontab(schedule)).toBe(false);
  });

  test.each(['*/0 * * * * *', '1-2-3 * * * * *', '1// * * * * *', '0 * * * Foo *', '0, * * * * *'])(
    'A timer schedule may not be "%s"',
    (schedule) => {
      expect(isNcrontab(schedule)).toBe(false);
    },
  );
});

describe('The time between two ticks', () => {
  test.each([
    ['0 * * * * *', 60, 60],
    ['* * * * *', 60, 60],
    ['*/20 * * * * *', 20, 20],
    ['0 */5 * * * *', 300, 300],
    ['0 */5 */1 * * *', 300, 300],
    ['30 0,10,40 * * * *', 600, 1800],
    ['0 5/15 * * * *', 900, 900],
    ['0 50-52 * * * *', 60, 3480],
  ])('By the schedule %s, the time between two ticks is %i to %i seconds', (schedule, shortest, longest) => {
    expect(intervalSeconds(schedule)).toEqual({ shortest, longest });
  });

  test('The time between two ticks is not known for a schedule that names hours or days', () => {
    expect(intervalSeconds('0 0 9-17 * * MON-FRI')).toBeUndefined();
  });
});
