import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { CheckpointRow, FailureNote } from '../../src/checkpoint/row.js';
import { entityOf, keysOf, rowOf } from '../../src/checkpoint/entity.js';
import { Failure } from '../../src/core/failure.js';
import { beginning } from '../../src/core/cursor.js';
import { fullNote, reachedAt, rowAt } from './checkpointRows.js';

describe('the keys of a row', () => {
  test('The keys of a row hold nothing that Table Storage refuses, whatever the names are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ unit: 'binary' }), (source, stream) => {
        const { partitionKey, rowKey } = keysOf(source, stream);
        for (const key of [partitionKey, rowKey]) expect(key).toMatch(/^[A-Za-z0-9._=-]{0,200}$/);
      }),
    );
  });

  test('Rows of different names have different keys', () => {
    const names = ['a/b', 'a\\b', 'a#b', 'a?b', 'a%b', 'a%2Fb', 'a=2fb', 'a b', 'A/b', 'ä', 'a', `${'x'.repeat(300)}1`];
    const keys = [...names, `${'x'.repeat(300)}2`].map((name) => keysOf(name, 's').partitionKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('People can read the keys of a row whose names are plain', () => {
    expect(keysOf('billing', 'billing-events')).toEqual({ partitionKey: 'billing', rowKey: 'billing-events' });
  });
});

describe('the columns of a row', () => {
  const rows: readonly (readonly [string, CheckpointRow])[] = [
    ['nothing confirmed', { source: 's', stream: 't', cursor: beginning, generation: 0, settings: {} }],
    ['an event confirmed', rowAt(7)],
    [
      'a full note',
      {
        ...rowAt(7),
        run: fullNote,
        accepted: { settings: { from: 'a', to: 'b' }, foreign: [{ revision: 3, id: 'c' }] },
      },
    ],
    ['names in any script', { ...rowAt(7), source: 'Rechnungen/Köln', stream: '請求書 \u{1f4a1} #1' }],
    ['settings longer than a column', { ...rowAt(7), settings: { TYPE_MAP: 'ß=x,'.repeat(30_000) } }],
    [
      'what the source remembers',
      {
        ...rowAt(7),
        cursor: {
          ...reachedAt(7).cursor,
          returnTo: { chunk: 'c', offset: 1, sha1: '' },
          memory: { namesBefore: { count: 2, digest: 'd' }, passedOver: { chunks: 1, bytes: 5 } },
        },
      },
    ],
  ];
  test.each(rows)('The columns of a row hold everything that was written: %s', (_what, row) => {
    expect(rowOf(entityOf(row))).toEqual(row);
  });

  test('The columns of a row stored when a remedy was still called `wayOut` say the same', () => {
    const lastError = { kind: 'TargetRefused', message: 'No.', remedy: 'Look.', facts: {}, at: '' } as const;
    const row = { ...rowAt(7), run: { ...fullNote, lastError } };
    const entity = entityOf(row);
    const before = { ...entity, run: String(entity['run']).replaceAll('"remedy":', '"wayOut":') };
    expect(String(before.run).match(/wayOut/g)).toHaveLength(3);
    expect(rowOf(before)).toEqual(row);
  });

  test('The columns of a row show where replication stands without JSON', () => {
    expect(entityOf({ ...rowAt(7), run: fullNote })).toMatchObject({
      chunk: '00000000-2013-10-18-091001.dat',
      offset: 800n,
      position: 8n,
      revision: 6n,
      generation: 0,
      stopKind: 'SourceGap',
      outageSince: '2026-01-01T00:00:30.000Z',
      lagBytes: 9_007_199_254_740_991n,
      refreshedAt: '2026-01-01T00:01:00.000Z',
    });
  });

  test('The columns of a row stay within the bounds of Table Storage whatever a failure says', () => {
    const huge = 'x'.repeat(1_000_000);
    const facts = { huge, list: Array.from({ length: 100_000 }, (_, index) => index), big: 2n ** 70n };
    const failure: FailureNote = { kind: 'TargetRefused', message: huge, remedy: 'Look.', facts };
    const outage = { since: '', tries: 1, failure, notification: 'sent' } as const;
    const entity = entityOf({
      ...rowAt(7),
      run: { ...fullNote, examination: { at: '', wrong: [huge], warnings: [huge] }, outage },
    });
    const columns = Object.values(entity).filter((value) => typeof value === 'string');
    expect(Math.max(...columns.map((value) => value.length))).toBeLessThanOrEqual(32_768);
    expect(columns.join('').length).toBeLessThan(100_000);
    expect(rowOf(entity).run?.outage?.failure.message).toMatch(/^x{4000}\.\.\.$/);
  });

  test('The columns of a row hold no secret that slipped into a note', () => {
    const failure: FailureNote = {
      kind: 'TargetUnreachable',
      message: 'esdb://admin:changeit@db:2113 does not answer',
      remedy: '',
      facts: { url: 'https://a.blob.core.windows.net/?sig=changeit', inner: { key: 'AccountKey=changeit' } },
    };
    const run = { ...fullNote, lastError: { ...failure, at: '' } };
    expect(String(entityOf({ ...rowAt(7), run })['run'])).not.toContain('changeit');
  });

  test('A row that a newer Eventferry wrote is left alone', () => {
    expect(() => rowOf({ ...entityOf(rowAt(7)), schema: 2 })).toThrow(expect.objectContaining({ kind: 'NewerSchema' }));
  });

  test.each([
    ['run', '{"runner":'],
    ['offset', 'many'],
    ['chunk', undefined],
  ])('Damaged columns of a row are named: %s', (column, value) => {
    const damaged = { ...entityOf({ ...rowAt(7), run: fullNote }), [column]: value };
    expect(() => rowOf(damaged)).toThrow(Failure);
    expect(() => rowOf(damaged)).toThrow(/billing \/ billing-events is damaged/);
  });
});
