import { join } from 'node:path';
import { jsonEvent } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { isExact, auditJournal } from '../../dev/journalAudit.js';
import { writeSamples } from '../../dev/sampleWriter.js';
import { readJournal } from '../../dev/writer/journal.js';
import type { Environment } from '../../src/config/config.js';
import type { Decision } from '../../src/engine/decisions.js';
import type { VerifyOrder, VerifyReport } from '../../src/verify/stream.js';
import { azuriteConnectionString } from '../support/services/azurite.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered } from '../support/ferry.js';
import { fixtureStore } from '../support/stores/fixtureStores.js';
import { freshFolder } from '../support/freshFolder.js';
import { rewriteStream } from '../support/rewriteStream.js';
import { uploadStore } from '../support/stores/uploadStore.js';

const server = sharedEmbeddedServer();
const first = '00000001-2013-10-15-093000.dat';
const second = '00000011-2013-10-15-103000.dat';
const live = new AbortController().signal;

function verify(ferry: Ferry, order: Partial<VerifyOrder> = {}, settings: Environment = {}): Promise<VerifyReport> {
  return ferry.replicator(settings).verify({ stop: live, ...order });
}

async function expectEqual(ferry: Ferry, settings: Environment = {}): Promise<VerifyReport> {
  const report = await verify(ferry, {}, settings);
  expect(report.differences).toEqual({ total: 0, byKind: {}, first: [] });
  expect(report).toMatchObject({ equal: true, complete: true });
  for (const { digest } of report.ranges) expect(digest.source).toBe(digest.target);
  return report;
}

async function decide(ferry: Ferry, decision: Decision, settings: Environment = {}): Promise<void> {
  await (await ferry.replicator(settings).decide(decision, live)).apply();
}

async function ferryWith(chunks: Readonly<Record<string, ReturnType<typeof numbered>>>): Promise<Ferry> {
  const ferry = await Ferry.open(server());
  for (const [name, records] of Object.entries(chunks)) await ferry.write(name, records);
  await ferry.run();
  return ferry;
}

describe('a stream is equal', () => {
  test('Verify finds a stream equal when nothing is replicated yet', async () => {
    const ferry = await Ferry.open(server());
    expect(await expectEqual(ferry)).toMatchObject({ confirmed: { position: 0, revision: -1 }, events: { stored: 0 } });
  });

  test('Verify finds a stream equal as far as it was confirmed, however much further the source goes', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 10) });
    await ferry.write(first, numbered(1, 12));
    expect(await expectEqual(ferry)).toMatchObject({
      confirmed: { position: 10 },
      events: { expected: 10, stored: 10 },
    });
  });

  test('Verify finds a stream equal while a replicator goes on', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 10) });
    const stop = new AbortController();
    const running = ferry
      .replicator({ READ_RECORDS: '5' })
      .run({ stop: stop.signal, whenCaughtUp: 'wait', onOutage: 'fail' });
    for (let more = 20; more <= 100; more += 20) {
      await ferry.write(first, numbered(1, more));
      const { confirmed } = await expectEqual(ferry);
      expect(confirmed.position).toBeGreaterThanOrEqual(10);
    }
    stop.abort();
    await running;
  });

  test.each(['era-2012-08-int32-file', 'v3-audit-func-file', 'v3-small-json-crlf-pageblob'] as const)(
    'Verify finds a stream equal that was replicated from the store %s',
    async (name) => {
      const ferry = await Ferry.open(server());
      await uploadStore(
        ferry.container,
        (await fixtureStore(name)).chunks,
        name.includes('pageblob') ? 'page' : 'block',
      );
      await ferry.run();
      expect((await expectEqual(ferry)).events.equal).toBeGreaterThan(50);
    },
  );

  test.each(['skip', 'salvage'])(
    'Verify finds a stream equal when damage was passed over by ON_DAMAGE=%s',
    async (policy) => {
      const ferry = await Ferry.open(server(), { ON_DAMAGE: policy });
      const { chunks } = await fixtureStore('v3-torn-file/33-flip-payload');
      await uploadStore(ferry.container, chunks, 'block');
      await ferry.run().catch((error: { kind: string; facts: { chunk: string } }) => {
        expect(error.kind).toBe('SourceGap');
        return decide(ferry, { kind: 'chunk', chunk: error.facts.chunk }).then(() => ferry.run());
      });
      await expectEqual(ferry);
    },
  );

  test('Verify finds a stream equal when a record is only half there yet: that one is not compared', async () => {
    const parts = [1, 2, 3].map((n) => ['Part', `{"N":${n},"pad":"${'x'.repeat(3_000)}"}`] as const);
    const ferry = await Ferry.open(server(), { APPEND_BYTES: '8192' });
    await ferry.write(first, [...numbered(1, 3), { messages: parts }]);
    await ferry.run({ CHECKPOINT_TABLE: `${ferry.table}other` });
    await server().truncateTo(ferry.stream, 4);
    expect(await expectEqual(ferry)).toMatchObject({ unfinished: 4, confirmed: { position: 3 } });
  });
});

describe('what a person accepted is no difference', () => {
  test('Verify reports no difference for an accepted chunk that was read out of its place', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 10), [second]: numbered(11, 12) });
    const early = '00000005-2013-10-15-095000.dat';
    await ferry.write(early, [{ key: 'audit' }, ...numbered(101, 103), { key: 'audit' }]);
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'SourceReordered' });
    await decide(ferry, { kind: 'chunk', chunk: early });
    await expectEqual(ferry);
    await ferry.run();
    await ferry.write(second, numbered(11, 20));
    await ferry.run();
    await expectEqual(ferry);
    await server().truncateTo(ferry.stream, 12); // one of the accepted three
    await ferry.run();
    await expectEqual(ferry, { CHECKPOINT_TABLE: `${ferry.table}other` });
    const ranges = [await verify(ferry, { from: 14 }), await verify(ferry, { from: 17, to: 18 })];
    expect(ranges.map(({ equal }) => equal)).toEqual([true, true]);
  });

  test('Verify reports no difference for an accepted continuation of a chunk that had been left', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 10), [second]: numbered(11, 12) });
    await ferry.write(first, [...numbered(1, 10), { key: 'audit' }, ...numbered(201, 202)]);
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'SourceForked' });
    await decide(ferry, { kind: 'chunk', chunk: first });
    await ferry.run();
    await ferry.write(second, numbered(11, 13));
    await ferry.run();
    expect((await expectEqual(ferry)).events).toMatchObject({ expected: 15, equal: 15 });
  });

  test('Verify reports no difference for an accepted foreign event, and one for any other, even at the same revision', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 3) });
    const foreign = (by: string) => jsonEvent({ type: 'Foreign', data: { by } });
    await ferry.client().appendToStream(ferry.stream, [foreign('one'), foreign('another')]);
    await decide(ferry, { kind: 'revision', revision: 4 });
    await ferry.write(first, numbered(1, 5));
    await ferry.run();
    expect(await expectEqual(ferry)).toMatchObject({ acceptedForeign: 2, events: { equal: 5 } });
    await server().truncateTo(ferry.stream, 3);
    await ferry.client().appendToStream(ferry.stream, foreign('a third'));
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'TargetConflict' });
  });

  test('Verify reports no difference for events under an accepted other id of the source', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 10) });
    const settings = { SOURCE_ID: 'another', TARGET_STREAM: ferry.stream };
    await decide(ferry, { kind: 'settings' }, settings);
    expect(await expectEqual(ferry, settings)).toMatchObject({ events: { equal: 10, underOtherSettings: 10 } });
    await ferry.write(first, numbered(1, 12));
    await ferry.run(settings);
    expect(await expectEqual(ferry, settings)).toMatchObject({ events: { equal: 12, underOtherSettings: 10 } });
  });

  test('Verify cannot judge types under accepted changed settings, and judges everything else', async () => {
    const audit = { key: 'audit', messages: [['Command', '{"C":1}'] as const] };
    const renamed = { TYPE_MAP: 'Numbered=Counted', EXCLUDE_KEYS: '' };
    const ferry = await ferryWith({ [first]: [audit, ...numbered(2, 4)] });
    await decide(ferry, { kind: 'settings' }, renamed);
    await ferry.write(first, [audit, ...numbered(2, 4), audit, ...numbered(6, 7)]);
    await ferry.run(renamed);
    expect((await expectEqual(ferry, renamed)).events).toEqual({
      ...{ expected: 7, stored: 6, equal: 6, underOtherSettings: 3, unjudged: 1, quarantined: 0 },
    });
    expect((await expectEqual(ferry, {})).events).toMatchObject({ stored: 6, equal: 6, underOtherSettings: 3 });
    await rewriteStream(
      ferry,
      (events) => void events.splice(1, 1, { ...events[1], data: Buffer.from('{"N":4}') } as never),
    );
    expect((await verify(ferry, {}, renamed)).differences.byKind).toEqual({ 'changed-data': 1 });
  });
});

describe('what nobody accepted is found', () => {
  test('Verify finds a stream into which everything is replicated once more, as far as that has come', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 10) });
    await rewriteStream(ferry, (events) => events.push(...events.slice(0, 4)));
    for (const settings of [{}, { CHECKPOINT_TABLE: `${ferry.table}other` }]) {
      const { equal, differences } = await verify(ferry, {}, settings);
      expect({ equal, byKind: differences.byKind }).toEqual({ equal: false, byKind: { doubled: 4 } });
    }
  });

  test('Verify finds an event of a record of which others are there, also under earlier settings', async () => {
    const messages = ['1', '2', '3'].map((body) => ['Numbered', body] as const);
    const ferry = await ferryWith({ [first]: [{ messages }, { messages }, { messages }] });
    await ferry.write(first, [{ messages }, { messages }, { messages }, { messages }]);
    const settings = { BODY_MODE: 'raw' };
    await decide(ferry, { kind: 'settings' }, settings);
    await ferry.run(settings);
    await rewriteStream(ferry, (events) => [8, 4, 0].forEach((index) => events.splice(index, 1)));
    const { differences, events } = await verify(ferry, {}, settings);
    const missing = differences.first.filter(({ kind }) => kind === 'missing');
    expect(missing.map(({ kind, position, index }) => [kind, position, index])).toEqual([
      ['missing', 1, 0],
      ['missing', 2, 1],
      ['missing', 3, 2],
    ]);
    expect(events.unjudged).toBe(0);
  });

  test('Verify finds only a record that came before the cursor unseen, not all that follow it', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 10), [second]: numbered(11, 30) });
    await ferry.write('00000005-2013-10-15-095000.dat', numbered(101, 102));
    const { differences } = await verify(ferry);
    expect(differences).toMatchObject({ total: 2, byKind: { missing: 2 } });
  });

  test('Verify finds a position that was not counted', async () => {
    const ferry = await ferryWith({ [first]: [...numbered(1, 2), ...numbered(4, 5)] });
    await ferry.write(first, [...numbered(1, 2), { key: 'audit' }, ...numbered(4, 5)]);
    expect((await verify(ferry)).equal).toBe(false);
  });

  test('Verify finds a frame that was replaced, and a chunk that is gone', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 10), [second]: numbered(11, 12) });
    await ferry.write(
      first,
      numbered(1, 10).map((record, index) => (index === 4 ? { ...record, key: 'customer-9' } : record)),
    );
    expect((await verify(ferry)).equal).toBe(false);
    await ferry.container.deleteBlob(first);
    const { differences } = await verify(ferry);
    expect(differences.byKind).toMatchObject({ doubled: 10 });
  });

  test('Verify finds a checkpoint past what the stream holds', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 10) });
    await server().truncateTo(ferry.stream, 6);
    const { differences } = await verify(ferry);
    expect(differences.byKind).toEqual({ 'checkpoint-ahead': 1, missing: 3 });
    expect(differences.first.at(-1)).toMatchObject({ kind: 'missing', position: 10 });
  });

  test('Verify finds everything missing when the stream is gone', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 50) });
    await server().truncateTo(ferry.stream, -1);
    const { differences } = await verify(ferry);
    expect(differences).toMatchObject({ total: 51, byKind: { missing: 50, 'checkpoint-ahead': 1 } });
    expect(differences.first).toHaveLength(20);
  });
});

describe('a part of a stream', () => {
  const change = async (ferry: Ferry, position: number): Promise<void> =>
    rewriteStream(ferry, (events) => {
      const event = events[position - 1] ?? expect.fail('no such event');
      events[position - 1] = { ...event, data: Buffer.from('{"N":0}') };
    });

  test('Verify compares a part of a stream from one position to another', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 60) });
    await change(ferry, 30);
    const found = async (from: number, to: number) => (await verify(ferry, { from, to })).differences.total;
    expect(await found(1, 29)).toBe(0);
    expect(await found(31, 60)).toBe(0);
    expect(await found(30, 30)).toBe(1);
    expect(await found(20, 1000)).toBe(1);
    expect(await verify(ferry, { from: 31, to: 40 })).toMatchObject({
      ranges: [{ from: 31, to: 40, firstRevision: 30 }],
      events: { expected: 10, stored: 10 },
    });
  });

  test('A part of a stream that is not replicated yet is not compared, and not called equal', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 10) });
    const nothing = { kind: 'NotApplicable', facts: { position: 10, from: 11 } };
    await expect(verify(ferry, { from: 11, to: 20 })).rejects.toMatchObject(nothing);
    await expect(verify(ferry, { from: 11, sample: { ranges: 3, seed: 1 } })).rejects.toMatchObject(nothing);
  });

  test('Verify of a part of a stream finds what is missing at its ends', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 20) });
    await rewriteStream(ferry, (events) => void events.splice(9, 1));
    expect((await verify(ferry, { from: 10, to: 12 })).differences.byKind.missing).toBe(1);
    expect((await verify(ferry, { from: 5, to: 10 })).differences.byKind.missing).toBe(1);
    // The last event before position 11 is that of position 9, so the comparison begins behind it.
    expect(await verify(ferry, { from: 11, to: 12 })).toMatchObject({ equal: false, ranges: [{ from: 10 }] });
    const behind = await verify(ferry, { from: 12, to: 20 });
    expect(behind.ranges).toMatchObject([{ from: 12 }]);
    expect(behind.differences.byKind.missing).toBeUndefined();
  });

  test('Verify draws a sample by a seed, and the first and last positions are always in it', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 2_000) });
    const sample = { ranges: 5, seed: 3 };
    const report = await verify(ferry, { sample });
    expect(report).toMatchObject({ equal: true, sample });
    expect(report.ranges[0]?.from).toBe(1);
    expect(report.ranges.at(-1)?.to).toBe(2_000);
    expect(report.events.expected).toBeGreaterThan(200);
    expect(report.events.expected).toBeLessThanOrEqual(500);
    expect((await verify(ferry, { sample })).ranges).toEqual(report.ranges);
    await change(ferry, report.ranges[1]?.from ?? 0);
    expect((await verify(ferry, { sample })).differences.total).toBe(1);
  });

  test('Verify that is asked to stop reports what was compared and where the rest begins', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 2_000) });
    await change(ferry, 1_500);
    const stop = new AbortController();
    const cut = await verify(ferry, {
      stop: stop.signal,
      onProgress: ({ position }) => void (position > 700 && stop.abort()),
    });
    const to = cut.ranges[0]?.to ?? 0;
    expect(cut).toMatchObject({ equal: true, complete: false });
    expect(to).toBeGreaterThan(600);
    expect(to).toBeLessThan(1_500);
    expect(await verify(ferry, { from: to + 1 })).toMatchObject({
      equal: false,
      ranges: [{ from: to + 1, to: 2_000 }],
    });
  });
});

describe('held against the journal of the writer', () => {
  async function written(): Promise<{ ferry: Ferry; journal: string; chunks: string[] }> {
    const ferry = await Ferry.open(server());
    const journal = join(freshFolder(), 'journal.ndjson');
    const { containerName: container } = ferry.container;
    const writing = { connectionString: azuriteConnectionString(), container, journal, appendsPerWrite: 50 };
    for (const records of [200, 400]) await writeSamples({ ...writing, records }, live);
    const chunks: string[] = [];
    for await (const { name } of ferry.container.listBlobsFlat()) chunks.push(name);
    return { ferry, journal, chunks };
  }

  test('Verify comes to the same result as the journal of the writer', async () => {
    const { ferry, journal } = await written();
    await ferry.run();
    const { events } = await expectEqual(ferry);
    const audit = await auditJournal(readJournal(journal), ferry.events(), ferry.config().convert);
    expect(isExact(audit)).toBe(true);
    expect(events).toMatchObject({ expected: audit.events, stored: audit.events, equal: audit.events });
  });

  test('Verify against the source alone does not see what is gone there: only the journal does', async () => {
    const { ferry, journal, chunks } = await written();
    await ferry.container.deleteBlob(chunks.at(-1) ?? '');
    await ferry.run();
    await expectEqual(ferry);
    const { differences } = await auditJournal(readJournal(journal), ferry.events(), ferry.config().convert);
    expect(differences.missing).toBeGreaterThan(0);
  });
});
