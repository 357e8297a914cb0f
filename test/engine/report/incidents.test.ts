import { describe, expect, test } from 'vitest';
import { Failure, type StopKind } from '../../../src/core/failure.js';
import {
  failureNote,
  reconcile,
  type Happening,
  type Known,
  type Noted,
  type Told,
} from '../../../src/engine/report/incidents.js';

const now = Date.parse('2026-03-01T12:00:00Z');
const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString();

const unreachable = new Failure('TargetUnreachable', 'the server cannot be reached');
const corrupt = new Failure('SourceCorrupt', 'chunk a is bad at byte 100') as Failure & { readonly kind: StopKind };
const cause = 'SourceCorrupt: chunk a is bad at byte 100';

const failed: Happening = { kind: 'failed', failure: unreachable };
const stopped: Happening = { kind: 'stopped', failure: corrupt };
const good: Happening = { kind: 'good' };
const sent: Happening = { kind: 'sent' };

/** An outage as the row has it, so many seconds old. */
function outage(seconds: number, notification: 'claimed' | 'sent', ended?: number) {
  const endedAt = ended === undefined ? {} : { endedAt: ago(ended) };
  return { since: ago(seconds), tries: 1, failure: failureNote(unreachable), notification, ...endedAt };
}

function stop(seconds: number, notification: 'claimed' | 'sent') {
  return { since: ago(seconds), failure: failureNote(corrupt), notification };
}

/** A notice that this process has told and that has arrived. */
function told(event: Told['notice']['event'], which: string, more: Partial<Told> = {}): Told {
  return { which, notice: { event, at: ago(0) }, noted: true, sent: true, ...more };
}

const began = (seconds: number, more?: Partial<Told>) => told('outage-began', ago(seconds), more);
const over = (seconds: number, more?: Partial<Told>) => told('outage-ended', ago(seconds), more);
const stopTold = (more?: Partial<Told>) => told('stopped', cause, more);

interface Case {
  readonly row?: Noted;
  readonly known?: Known;
  /** The log's events. */
  readonly says: readonly string[];
  /** What the row says afterwards of the outage and the stop. */
  readonly then: { readonly outage?: object; readonly stop?: object };
}

function check(happening: Happening, { row, known = {}, says, then }: Case): void {
  const step = reconcile(row, known, happening, now);
  expect(step.send.map(({ event }) => event)).toEqual(says);
  const news = step.send.filter(({ level }) => level === 'error').map(({ event }) => event);
  expect(step.send.flatMap(({ told: notice }) => notice?.notice.event ?? [])).toEqual(news);
  for (const slot of ['outage', 'stop'] as const) {
    const wanted = then[slot];
    if (wanted === undefined) expect(step.row[slot]).toBeUndefined();
    else expect(step.row[slot]).toMatchObject(wanted);
  }
}

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
