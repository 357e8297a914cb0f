import { jsonEvent } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered } from '../support/ferry.js';
import { fixtureStore } from '../support/stores/fixtureStores.js';
import { rewriteStream, withoutLink } from '../support/rewriteStream.js';
import { uploadStore } from '../support/stores/uploadStore.js';
import { decide, expectEqual, first, openFerryWith, second, verify } from './verifiedFerry.js';

const server = sharedEmbeddedServer();
const ferryWith = (chunks: Parameters<typeof openFerryWith>[1]): Promise<Ferry> => openFerryWith(server(), chunks);

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

  test('Verify finds a stream equal whose marks are of schema 1, which name no line break', async () => {
    const bodies = ['\r\n', '\n'].map((newline) => ['', '{', '\t"a": "x,', '\ty"', '}', ''].join(newline));
    const ferry = await ferryWith({ [first]: [{ messages: bodies.map((body) => ['Text', body] as const) }] });
    await rewriteStream(ferry, (events) => void events.splice(0, Infinity, ...events.map(withoutLink)));
    const isOfSchema1 = ferry.events().map(({ metadata }) => metadata.includes('"reformatted":true'));
    expect(isOfSchema1).toEqual([true, true]);
    for (const settings of [{}, { TYPE_MAP: 'Text=Other' }]) {
      expect((await expectEqual(ferry, settings)).events.equal).toBe(2);
    }
  });

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
});
