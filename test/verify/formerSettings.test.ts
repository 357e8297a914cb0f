import { describe, expect, test } from 'vitest';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { type Ferry, numbered, type WrittenRecord } from '../support/ferry.js';
import { rewriteStream } from '../support/rewriteStream.js';
import { decide, expectEqual, first, openFerryWith, verify } from './verifiedFerry.js';

const server = sharedEmbeddedServer();
const audit: WrittenRecord = { key: 'audit', messages: [['Command', '{"C":1}']] };
const former = [audit, ...numbered(2, 4)];
/** The former settings exclude `audit` and rename nothing. */
const settings = { TYPE_MAP: 'Numbered=Counted', EXCLUDE_KEYS: 'func' };

/** A stream whose positions 2 to 4 were written under former settings, and 5 to 7 under the present ones. */
async function ferryOfTwoSettings(): Promise<Ferry> {
  const ferry = await openFerryWith(server(), { [first]: former });
  await decide(ferry, { kind: 'settings' }, settings);
  await ferry.write(first, [...former, audit, ...numbered(6, 7)]);
  await ferry.run(settings);
  expect(ferry.events().map(({ type }) => type)).toEqual([
    ...['Numbered', 'Numbered', 'Numbered', 'Command', 'Counted', 'Counted'],
  ]);
  return ferry;
}

describe('Events that were written under former settings', () => {
  test('Verify finds a stream equal whose settings were changed, and judges each event by the settings of then', async () => {
    const ferry = await ferryOfTwoSettings();
    const { events } = await expectEqual(ferry, settings);
    expect(events).toEqual({ expected: 6, stored: 6, equal: 6, underOtherSettings: 3, quarantined: 0 });
    expect((await expectEqual(ferry, {})).events).toMatchObject({ expected: 6, equal: 6, underOtherSettings: 3 });
  });

  test('Verify finds a stream equal whose settings were changed twice', async () => {
    const ferry = await ferryOfTwoSettings();
    const latest = { ...settings, EXCLUDE_KEYS: '' };
    await decide(ferry, { kind: 'settings' }, latest);
    await ferry.write(first, [...former, audit, ...numbered(6, 8)]);
    await ferry.run(latest);
    expect((await expectEqual(ferry, latest)).events).toMatchObject({ expected: 7, equal: 7, underOtherSettings: 6 });
  });

  test('Verify finds a body and a type that were changed in an event of former settings', async () => {
    const ferry = await ferryOfTwoSettings();
    await rewriteStream(ferry, (events) => {
      events[1] = { ...events[1], data: Buffer.from('{"N":4}') } as never;
      events[2] = { ...events[2], type: 'Counted' } as never;
    });
    expect((await verify(ferry, {}, settings)).differences.byKind).toEqual({ 'changed-data': 1, 'changed-type': 1 });
  });

  test('Verify finds an event missing that only the present settings exclude', async () => {
    const func: WrittenRecord = { key: 'func', messages: [['Command', '{"F":1}']] };
    const ferry = await openFerryWith(server(), { [first]: [...numbered(1, 2), func, ...numbered(4, 4)] });
    await decide(ferry, { kind: 'settings' }, settings);
    await rewriteStream(ferry, (events) => void events.splice(2, 1));
    expect((await verify(ferry, {}, settings)).differences.byKind).toMatchObject({ missing: 1 });
  });

  test('Verify finds the last event of a record missing whose key the settings of the next event exclude', async () => {
    const func: WrittenRecord = {
      key: 'func',
      messages: [
        ['Command', '{"F":1}'],
        ['Command', '{"F":2}'],
      ],
    };
    const ferry = await openFerryWith(server(), { [first]: [...numbered(1, 2), func] });
    await decide(ferry, { kind: 'settings' }, settings);
    await ferry.write(first, [...numbered(1, 2), func, ...numbered(4, 4)]);
    await ferry.run(settings);
    await rewriteStream(ferry, (events) => void events.splice(3, 1));
    expect((await verify(ferry, {}, settings)).differences.byKind).toMatchObject({ missing: 1 });
  });

  test('Verify misses no event of a chunk that came late, and whose records the settings of its reading exclude', async () => {
    const func: WrittenRecord = { key: 'func', messages: [['Command', '{"F":1}']] };
    const ferry = await openFerryWith(server(), { '00000001-2013-10-15-093500.dat': numbered(1, 3) });
    await decide(ferry, { kind: 'settings' }, settings);
    await ferry.run(settings);
    await ferry.write(first, [func, ...numbered(5, 5)]);
    await expect(ferry.run(settings)).rejects.toMatchObject({ kind: 'SourceReordered' });
    await decide(ferry, { kind: 'chunk', chunk: first }, settings);
    await ferry.run(settings);
    expect((await expectEqual(ferry, settings)).events).toMatchObject({ expected: 4, equal: 4 });
  });
});

describe('Events that were written under settings that nobody knows any more', () => {
  test('Verify says what it cannot judge when the row is lost that knew the former settings, and how it can be judged', async () => {
    const ferry = await ferryOfTwoSettings();
    const row = { CHECKPOINT_TABLE: `${ferry.table}other` };
    await ferry.run({ ...settings, ...row });
    const { equal, differences, unjudged } = await verify(ferry, {}, { ...settings, ...row });
    expect({ equal, differences: differences.total }).toEqual({ equal: false, differences: 0 });
    // The record that was left out comes before the events whose types are not compared.
    expect(unjudged).toMatchObject([{ events: 4, from: 1, to: 4 }]);
    expect(await verify(ferry, { from: 1, to: 4 }, row)).toMatchObject({ equal: true, unjudged: [] });
    expect(await verify(ferry, { from: 5 }, { ...settings, ...row })).toMatchObject({ equal: true, unjudged: [] });
  });
});
