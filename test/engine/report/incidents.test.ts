import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/core/failure.js';
import { failureNote, reconcile } from '../../../src/engine/report/incidents.js';
import {
  ago,
  began,
  check,
  corrupt,
  failed,
  good,
  now,
  outage,
  over,
  stop,
  stopped,
  stopTold,
  type Case,
} from './incidentCases.js';

describe('A failed pass', () => {
  test.each<[string, Case]>([
    [
      'begins an outage where there was none',
      { row: {}, says: ['outage-began'], then: { outage: { since: ago(0), tries: 1, notification: 'claimed' } } },
    ],
    [
      'begins an outage where the row is unknown',
      { says: ['outage-began'], then: { outage: { since: ago(0), tries: 1 } } },
    ],
    [
      'is one more of an outage that another process has told',
      {
        row: { outage: outage(300, 'sent') },
        says: ['outage-goes-on'],
        then: { outage: { since: ago(300), tries: 2, notification: 'sent' } },
      },
    ],
    [
      'is one more of an outage that another process is about to tell',
      {
        row: { outage: outage(49, 'claimed') },
        says: ['outage-goes-on'],
        then: { outage: { since: ago(49), tries: 2, notification: 'claimed' } },
      },
    ],
    [
      'tells an outage that a process claimed and never told',
      {
        row: { outage: outage(50, 'claimed') },
        says: ['outage-began'],
        then: { outage: { since: ago(50), tries: 2, notification: 'claimed' } },
      },
    ],
    [
      'notes an outage that was told while the table was down, with its beginning',
      {
        row: {},
        known: { outage: began(90, { noted: false }) },
        says: ['outage-goes-on'],
        then: { outage: { since: ago(90), tries: 1, notification: 'sent' } },
      },
    ],
    [
      'leaves a notice claimed that is still on its way',
      {
        row: { outage: outage(90, 'claimed') },
        known: { outage: began(90, { sent: false }) },
        says: ['outage-goes-on'],
        then: { outage: { since: ago(90), notification: 'claimed' } },
      },
    ],
    [
      'begins another outage when another process has ended the one that was told here',
      {
        row: {},
        known: { outage: began(90) },
        says: ['outage-began'],
        then: { outage: { since: ago(0), tries: 1, notification: 'claimed' } },
      },
    ],
    [
      'begins another outage while another process tells the end of the one before',
      {
        row: { outage: outage(300, 'claimed', 10) },
        says: ['outage-began'],
        then: { outage: { since: ago(0), tries: 1, notification: 'claimed' } },
      },
    ],
    [
      'begins another outage where the row does not have the end yet that was told here',
      {
        row: { outage: outage(300, 'sent') },
        known: { over: over(300) },
        says: ['outage-began'],
        then: { outage: { since: ago(0), tries: 1, notification: 'claimed' } },
      },
    ],
  ])('A failed pass %s', (_, expected) => check(failed, expected));

  test('A failed pass first tells the end of an outage that a process claimed and never told', () => {
    const row = { outage: outage(300, 'claimed', 60) };
    const first = reconcile(row, {}, failed, now);
    expect(first.send.map(({ event, told: notice }) => [event, notice?.notice.at])).toEqual([
      ['outage-ended', ago(60)],
    ]);
    expect(first).toMatchObject({ again: true, row: { outage: { since: ago(300), endedAt: ago(0) } } });
    const second = reconcile(first.row, first.known, failed, now);
    expect(second.again).toBeUndefined();
    expect(second.send.map(({ event }) => event)).toEqual(['outage-began']);
    expect(second.row.outage).toMatchObject({ since: ago(0), notification: 'claimed' });
  });

  test('A failed pass is kept as the last error, and what failed goes with the notice without its facts', () => {
    const failure = new Failure('TargetUnreachable', 'nobody answers', { port: 2113 });
    const { row, send, holds } = reconcile({}, {}, { kind: 'failed', failure }, now);
    expect(row.lastError).toEqual({ ...failureNote(failure), at: ago(0) });
    expect(send[0]?.facts).toMatchObject({ kind: 'TargetUnreachable', port: 2113 });
    const { kind, message, remedy } = failure;
    expect(holds?.notice).toEqual({ event: 'outage-began', at: ago(0), failure: { kind, message, remedy } });
  });
});

describe('A good pass', () => {
  test.each<[string, Case]>([
    ['changes nothing where all was well', { row: {}, says: [], then: {} }],
    ['changes nothing where the row is unknown', { says: [], then: {} }],
    [
      'ends an outage and claims its end',
      {
        row: { outage: outage(90, 'sent') },
        known: { outage: began(90) },
        says: ['outage-ended'],
        then: { outage: { since: ago(90), endedAt: ago(0), notification: 'claimed' } },
      },
    ],
    [
      'leaves the end of an outage to the process that claimed it',
      {
        row: { outage: outage(90, 'claimed', 49) },
        known: { outage: began(90) },
        says: [],
        then: { outage: { endedAt: ago(49) } },
      },
    ],
    [
      'tells the end of an outage that a process claimed and never told',
      { row: { outage: outage(90, 'claimed', 50) }, says: ['outage-ended'], then: { outage: { endedAt: ago(0) } } },
    ],
    [
      'ends an outage that the row has never held',
      { row: {}, known: { outage: began(90, { noted: false }) }, says: ['outage-ended'], then: {} },
    ],
    [
      'tells nothing of an outage that another process has ended',
      { row: {}, known: { outage: began(90) }, says: [], then: {} },
    ],
    [
      'tells an end once although the row does not have it yet',
      {
        row: { outage: outage(90, 'sent') },
        known: { over: over(90, { sent: false }) },
        says: [],
        then: { outage: { endedAt: ago(0), notification: 'claimed' } },
      },
    ],
    [
      'ends an outage that the row has never held, in place of the end of the one before',
      {
        row: { outage: outage(90, 'claimed', 10) },
        known: { outage: began(5, { noted: false }), over: over(90, { sent: false }) },
        says: ['outage-ended'],
        then: {},
      },
    ],
    ['clears a stop', { row: { stop: stop(90, 'sent') }, says: ['stop-cleared'], then: {} }],
    [
      'clears a stop that the row does not hold',
      { row: {}, known: { stop: stopTold() }, says: ['stop-cleared'], then: {} },
    ],
  ])('A good pass %s', (_, expected) => check(good, expected));
});

describe('A stop', () => {
  test.each<[string, Case]>([
    [
      'is told when it is new',
      { row: {}, says: ['stopped'], then: { stop: { since: ago(0), notification: 'claimed' } } },
    ],
    [
      'is not told again when another process has told its cause',
      {
        row: { stop: stop(90, 'sent') },
        says: ['still-stopped'],
        then: { stop: { since: ago(90), notification: 'sent' } },
      },
    ],
    [
      'is not told again while another process is about to tell its cause',
      { row: { stop: stop(49, 'claimed') }, says: ['still-stopped'], then: { stop: { notification: 'claimed' } } },
    ],
    [
      'is told when a process claimed it and never told it',
      { row: { stop: stop(50, 'claimed') }, says: ['stopped'], then: { stop: { since: ago(50) } } },
    ],
    [
      'is told when its cause is another one',
      {
        row: { stop: { ...stop(90, 'sent'), failure: { ...failureNote(corrupt), message: 'chunk b is bad' } } },
        says: ['stopped'],
        then: { stop: { since: ago(0), notification: 'claimed' } },
      },
    ],
    [
      'is not told again when this process told it while the table was down',
      {
        row: {},
        known: { stop: stopTold({ noted: false }) },
        says: ['still-stopped'],
        then: { stop: { since: ago(0), notification: 'sent' } },
      },
    ],
    [
      'is told again when it was gone for a while',
      { row: {}, known: { stop: stopTold() }, says: ['stopped'], then: { stop: { since: ago(0) } } },
    ],
    [
      'ends an outage: all parts can be reached',
      {
        row: { outage: outage(90, 'sent') },
        known: { outage: began(90) },
        says: ['outage-ended', 'stopped'],
        then: { outage: { endedAt: ago(0), notification: 'claimed' }, stop: { since: ago(0) } },
      },
    ],
  ])('A stop %s', (_, expected) => check(stopped, expected));
});
