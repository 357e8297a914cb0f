import { describe, expect, test } from 'vitest';

import { isNcrontab } from '../src/ncrontab.js';

describe('a timer schedule', () => {
  test.each([
    '0 * * * * *',
    '*/10 * * * * *',
    '* * * * *',
    '0 0 9-17 * * MON-FRI',
    '0 30 4,16 1 jan,July *',
    '0 5/15 * * * 0-6/2',
  ])('may be %s', (schedule) => {
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
  ])('may not be "%s"', (schedule) => {
    expect(isNcrontab(schedule)).toBe(false);
  });

  test.each(['*/0 * * * * *', '1-2-3 * * * * *', '1// * * * * *', '0 * * * Foo *', '0, * * * * *'])(
    'may not be "%s"',
    (schedule) => {
      expect(isNcrontab(schedule)).toBe(false);
    },
  );
});
