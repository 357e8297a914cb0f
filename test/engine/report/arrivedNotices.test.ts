import { describe, test } from 'vitest';
import { ago, began, check, outage, over, sent, stop, stopTold, type Case } from './incidentCases.js';

describe('Notices that have arrived', () => {
  test.each<[string, Case]>([
    [
      'the beginning of an outage is marked as sent',
      {
        row: { outage: outage(9, 'claimed') },
        known: { outage: began(9) },
        says: [],
        then: { outage: { notification: 'sent' } },
      },
    ],
    [
      'the row forgets an outage whose end people know',
      { row: { outage: outage(9, 'claimed', 1) }, known: { over: over(9) }, says: [], then: {} },
    ],
    [
      'a stop is marked as sent',
      {
        row: { stop: stop(9, 'claimed') },
        known: { stop: stopTold() },
        says: [],
        then: { stop: { notification: 'sent' } },
      },
    ],
    [
      'what is still on its way stays claimed',
      {
        row: { outage: outage(9, 'claimed'), stop: stop(9, 'claimed') },
        known: { outage: began(9, { sent: false }), stop: stopTold({ sent: false }) },
        says: [],
        then: { outage: { notification: 'claimed' }, stop: { notification: 'claimed' } },
      },
    ],
    [
      'the claim of another process on the end stays',
      {
        row: { outage: outage(9, 'claimed', 1) },
        known: { outage: began(9) },
        says: [],
        then: { outage: { endedAt: ago(1), notification: 'claimed' } },
      },
    ],
    [
      'the claim of another process on another outage stays',
      {
        row: { outage: outage(2, 'claimed') },
        known: { outage: began(9) },
        says: [],
        then: { outage: { since: ago(2), notification: 'claimed' } },
      },
    ],
  ])('When notices have arrived, %s', (_, expected) => check(sent, expected));
});
