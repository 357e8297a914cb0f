import { describe, expect, test } from 'vitest';
import { timerSchedule } from '../../../src/functions/worker/timerSchedule.js';

describe('The schedule that the timer is registered with', () => {
  test('The schedule that the timer is registered with is the one in the settings', () => {
    expect(timerSchedule({ REPLICATION_SCHEDULE: '*/30 * * * * *' })).toBe('*/30 * * * * *');
  });

  test.each([
    ['missing', undefined],
    ['empty', ' '],
    ['no schedule', 'every minute'],
    ['a time span, which only some plans take', '00:01:00'],
    ['an unresolved reference', '@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/schedule)'],
  ])(
    'The schedule that the timer is registered with is every minute when the setting is %s, so that the timer fires and can say so',
    (_, given) => {
      expect(timerSchedule({ REPLICATION_SCHEDULE: given })).toBe('0 * * * * *');
    },
  );
});
