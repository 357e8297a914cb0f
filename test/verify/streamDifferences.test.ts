import { describe, expect, test } from 'vitest';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { type Ferry, numbered } from '../support/ferry.js';
import { rewriteStream } from '../support/rewriteStream.js';
import { decide, first, openFerryWith, second, verify } from './verifiedFerry.js';

const server = sharedEmbeddedServer();
const ferryWith = (chunks: Parameters<typeof openFerryWith>[1]): Promise<Ferry> => openFerryWith(server(), chunks);

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
    const { differences, unjudged } = await verify(ferry, {}, settings);
    const missing = differences.first.filter(({ kind }) => kind === 'missing');
    expect(missing.map(({ kind, position, index }) => [kind, position, index])).toEqual([
      ['missing', 1, 0],
      ['missing', 2, 1],
      ['missing', 3, 2],
    ]);
    expect(unjudged).toEqual([]);
  });

  test.each([
    ['its first event', [0]],
    ['its last events, before another record', [1, 2]],
    ['its last events, at the end of the stream', [1, 2, 3]],
  ])('Verify finds what is missing of a record whose key is excluded since: %s', async (_, gone) => {
    const messages = ['1', '2', '3'].map((body) => ['Numbered', body] as const);
    const ferry = await ferryWith({ [first]: [{ key: 'func', messages }, ...numbered(2, 2)] });
    await rewriteStream(ferry, (events) => gone.toReversed().forEach((index) => events.splice(index, 1)));
    const { differences } = await verify(ferry, {}, { EXCLUDE_KEYS: 'func' });
    expect(differences.byKind).toEqual({ 'checkpoint-ahead': 1, missing: gone.length });
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
