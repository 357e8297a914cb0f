import type { ContainerClient } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';

import { beginning, type Cursor } from '../../../src/core/cursor.js';
import type { Chunk } from '../../../src/source/chunks/listing.js';
import { parseChunkName } from '../../../src/source/chunks/name.js';
import { Eras } from '../../../src/source/chunks/order.js';
import type { FrameVariant } from '../../../src/source/lokad/frame.js';
import { fixtureStore } from '../../support/fixtureStores.js';
import { azuriteConnectionString } from '../../support/azurite.js';
import { FakeClock } from '../../support/fakeClock.js';
import { storageProxy } from '../../support/storageProxy.js';
import { numberedRecords, tapeOf } from '../../support/tapeWriter.js';
import { freshContainer, uploadChunk } from '../../support/uploadStore.js';
import { never, openTapes, readAll } from '../openTapes.js';

/** A chunk whose name tells what it holds: `i` int32 frames, `v` varint frames, `-` none. */
type Kind = 'i' | 'v' | '-';

/** Chunks made one a minute, of which each era counts from zero. */
function storeOf(kinds: string): { chunks: Chunk[]; variants: Map<string, FrameVariant | undefined> } {
  const variants = new Map<string, FrameVariant | undefined>();
  const prefixes = { i: 0, v: 0, '-': 0 };
  const chunks = [...kinds].map((letter, minute) => {
    const kind = letter as Kind;
    const time = new Date(Date.UTC(2012, 7, 26, 8, minute)).toISOString().replace(/^(.{10})T(..):(..).*/, '$1-$2$300');
    const parsed = parseChunkName(`${String(prefixes[kind]++).padStart(8, '0')}-${time}.dat`);
    if (!parsed) throw new Error('not a chunk name');
    variants.set(parsed.name, kind === 'i' ? 'int32' : kind === 'v' ? 'varint' : undefined);
    return { ...parsed, bytes: 512, etag: '1', createdOn: 0, openCopy: undefined };
  });
  return { chunks, variants };
}

async function settled(kinds: string) {
  const { chunks, variants } = storeOf(kinds);
  const probed: string[] = [];
  const eras = new Eras((chunk) => {
    probed.push(chunk.name);
    return Promise.resolve(variants.get(chunk.name));
  });
  await eras.settle(chunks, never);
  const order = [...chunks].sort(eras.compare).map(({ name }) => variants.get(name));
  return { eras, chunks, probes: probed.length, order: order.filter((variant) => variant !== undefined) };
}

describe('the eras of a store', () => {
  test.each([
    ['vvvvvvvv', 2],
    ['v', 1],
    ['vvvvv---', 5],
    ['--vvvv', 4],
  ])('%s: one era, known from %i probes', async (kinds, most) => {
    const { eras, probes } = await settled(kinds);
    expect(probes).toBeLessThanOrEqual(most);
    expect(eras.memory).toBeUndefined();
  });

  test('an int32 store needs two probes', async () => {
    const { eras, probes, chunks } = await settled('iiii');
    expect(probes).toBe(2);
    expect(chunks.map((chunk) => eras.variantOf(chunk))).toEqual(['int32', 'int32', 'int32', 'int32']);
  });

  test.each(['iv', 'iiiiiiiiiiv', 'ivvvvvvvvvv', 'iiii-vvvv', '-ii--vv-', 'i---------v'])(
    '%s: int32 chunks come first',
    async (kinds) => {
      const { eras, order } = await settled(kinds);
      const int32 = [...kinds].filter((kind) => kind === 'i').length;
      expect(order.map((variant) => variant === 'int32')).toEqual(order.map((_, index) => index < int32));
      expect(eras.memory).toBeDefined();
    },
  );

  test('an int32 chunk that is newer than a varint one is in the wrong place, although the newest is seen first', async () => {
    const { eras, chunks } = await settled('vvvi');
    expect(chunks.map((chunk) => eras.variantOf(chunk))).toEqual(['varint', 'varint', 'varint', 'varint']);
    expect(eras.learn(chunks.at(-1), 'int32')).toBe(false);
    expect(eras.memory).toBeUndefined();
  });

  test('a chunk between them is probed, although it is listed later than those that follow it', async () => {
    const { chunks, variants } = storeOf('iiv');
    const eras = new Eras((chunk) => Promise.resolve(variants.get(chunk.name)));
    await eras.settle(
      chunks.filter((_, index) => index !== 1),
      never,
    );
    await eras.settle(chunks, never);
    expect(chunks.map((chunk) => eras.variantOf(chunk))).toEqual(['int32', 'int32', 'varint']);
  });

  test('a chunk that a person allowed to be of the other era says nothing', async () => {
    const { chunks, variants } = storeOf('vvvi');
    const eras = new Eras((chunk) => Promise.resolve(variants.get(chunk.name)));
    eras.exempt(chunks.at(-1)?.name ?? '');
    await eras.settle(chunks, never);
    expect(eras.learn(chunks.at(-1), 'int32')).toBe(false);
    expect(chunks.map((chunk) => eras.variantOf(chunk))).toEqual(['varint', 'varint', 'varint', 'varint']);
  });

  test('the place of the change is found by halving', async () => {
    const { probes } = await settled('i'.repeat(500) + 'v'.repeat(500));
    expect(probes).toBeLessThanOrEqual(12);
  });

  test('what a checkpoint kept saves the probes', async () => {
    const { eras, chunks } = await settled('iiiivvvv');
    const probed: string[] = [];
    const other = new Eras((chunk) => {
      probed.push(chunk.name);
      return Promise.resolve(undefined);
    });
    if (eras.memory) other.recall(eras.memory);
    await other.settle(chunks, never);
    expect(probed).toEqual([]);
    expect(chunks.map((chunk) => other.variantOf(chunk))).toEqual(chunks.map((chunk) => eras.variantOf(chunk)));
  });

  test('a new chunk of an int32 store has no place before it shows a frame', async () => {
    const { eras, chunks } = await settled('ii');
    const newest = storeOf('iiv').chunks[2];
    if (!newest) throw new Error('three chunks were made');
    expect(eras.hasPlace(newest)).toBe(false);
    expect(chunks.every((chunk) => eras.hasPlace(chunk))).toBe(true);
    eras.learn(newest, 'varint');
    expect(eras.hasPlace(newest)).toBe(true);
  });
});

describe('a store that changes eras while it is followed', () => {
  test('is read in write order, chunk by chunk', async () => {
    const store = await fixtureStore('mixed-int32-varint-file');
    const container = await freshContainer();
    const clock = FakeClock.flowing();
    const source = openTapes(container, { clock, listAllSeconds: 5 });
    const writeOrder = [...store.chunks].sort(([one], [other]) => (one.slice(9) < other.slice(9) ? -1 : 1));
    let cursor = beginning;
    const read: string[] = [];
    for (const [name, bytes] of writeOrder) {
      await uploadChunk(container, name, bytes);
      clock.advance(5_000);
      expect(await source.poll(cursor, never)).toBe(true);
      const { records, cursor: behind, thrown } = await readAll(source, cursor);
      expect(thrown).toBeUndefined();
      expect(records.length).toBeGreaterThan(0);
      read.push(...records.map(({ position, chunk }) => `${position} ${chunk}`));
      cursor = behind;
    }
    const whole = await readAll(openTapes(container));
    expect(read).toEqual(whole.records.map(({ position, chunk }) => `${position} ${chunk}`));
    expect(cursor.memory?.eras?.varintFrom).toBe('00000000-2012-09-10-080000.dat');
  });

  test('goes on although the first varint chunk is seen before it has a frame', async () => {
    const container = await freshContainer();
    const clock = FakeClock.flowing();
    const source = openTapes(container, { clock, listAllSeconds: 5 });
    await uploadChunk(container, '00000000-2012-08-26-080000.dat', tapeOf(numberedRecords(1, 3), 'int32'));
    await uploadChunk(container, '00000003-2012-08-26-090000.dat', tapeOf(numberedRecords(4, 5), 'int32'));
    let { cursor } = await readAll(source);
    const varint = '00000000-2012-09-10-080000.dat';
    await uploadChunk(container, varint, Buffer.alloc(4096), 'page');
    clock.advance(5_000);
    expect(await source.poll(cursor, never)).toBe(false);
    ({ cursor } = await readAll(source, cursor));
    expect(cursor.position).toBe(6);
    await uploadChunk(container, varint, tapeOf(numberedRecords(1, 2)), 'page');
    clock.advance(5_000);
    expect(await source.poll(cursor, never)).toBe(true);
    const { records, thrown } = await readAll(source, cursor);
    expect(thrown).toBeUndefined();
    expect(records.map(({ position, chunk }) => `${position} ${chunk}`)).toEqual([`6 ${varint}`, `7 ${varint}`]);
  });
});

describe('the first varint chunk', () => {
  const [read, last] = ['00000000-2012-08-26-080000.dat', '00000003-2012-08-26-090000.dat'];
  const varint = '00000000-2012-09-10-080000.dat';
  const whole = [`4 ${last}`, `5 ${last}`, `6 ${varint}`, `7 ${varint}`];

  /** The first of two int32 chunks was read. */
  async function begun(lastChunk?: Buffer) {
    const container = await freshContainer();
    const proxy = await storageProxy(container, azuriteConnectionString());
    await uploadChunk(container, read, tapeOf(numberedRecords(1, 3), 'int32'));
    if (lastChunk) await uploadChunk(container, last, lastChunk);
    const clock = FakeClock.flowing();
    const source = openTapes(proxy.container, { clock });
    const { cursor } = await readAll(source);
    await uploadChunk(container, last, tapeOf(numberedRecords(4, 5), 'int32'));
    await uploadChunk(container, varint, tapeOf(numberedRecords(1, 2)));
    return { container, proxy, clock, source, cursor };
  }

  test('is not entered on the word of a listing that lacks the last int32 chunk', async () => {
    const { proxy, clock, source, cursor } = await begun();
    clock.advance(5_000);
    const blob = new RegExp(`<Blob><Name>${last}</Name>.*?</Blob>`, 's');
    let listings = 0;
    proxy.tampering.listing = (_, xml) => (++listings === 1 ? xml.replace(blob, '') : xml);
    const { records, thrown } = await readAll(source, cursor);
    expect(thrown).toBeUndefined();
    expect(records.map(({ position, chunk }) => `${position} ${chunk}`)).toEqual(whole);
  });

  test('when the target names it, ends the int32 era with the chunks before it, not with the one read last', async () => {
    const { container, source, cursor } = await begun(Buffer.alloc(4096));
    const { records: all } = await readAll(openTapes(container));
    const tail = all.at(-1) ?? expect.fail('nothing was read');
    const sha1 = Buffer.from(tail.sha1).toString('hex').slice(0, 16);
    const mark = { v: 1, source: 'billing', index: 0, count: 1, settings: '', ...tail, sha1 } as const;
    await source.locate(mark, cursor.memory, never);
    const { records, thrown } = await readAll(source, cursor);
    expect(thrown).toBeUndefined();
    expect(records.map(({ position, chunk }) => `${position} ${chunk}`)).toEqual(whole);
  });
});

describe('a chunk of the other era than its time says', () => {
  const odd = '00000000-2013-10-15-090000.dat';
  const main = '00000002-2013-10-15-080000.dat';

  /** Two varint chunks were read to their end; the odd one, if it comes, comes behind the cursor. */
  async function caughtUp() {
    const container = await freshContainer();
    await uploadChunk(container, '00000000-2013-10-15-070000.dat', tapeOf(numberedRecords(1, 2)));
    await uploadChunk(container, main, tapeOf(numberedRecords(3, 4)));
    const { cursor } = await readAll(openTapes(container));
    return { container, cursor };
  }

  /** What is read once the odd chunk is accepted, and the main chunk has grown by a record. */
  async function accepted(container: ContainerClient, cursor: Cursor) {
    await uploadChunk(container, main, tapeOf(numberedRecords(3, 5)));
    const behind = await openTapes(container).accept(odd, cursor, never);
    const { records, thrown, cursor: after } = await readAll(openTapes(container), behind);
    expect(thrown).toBeUndefined();
    expect(await readAll(openTapes(container), after)).toMatchObject({ records: [], thrown: undefined });
    return records.map(({ position, chunk, stamp }) => `${position} ${chunk} ${stamp}`);
  }

  test('is SourceReordered when it appears behind the cursor, and is read once when it is accepted', async () => {
    const { container, cursor } = await caughtUp();
    await uploadChunk(container, odd, tapeOf(numberedRecords(901, 902), 'int32'));
    const { thrown } = await readAll(openTapes(container), cursor);
    expect(thrown).toMatchObject({ kind: 'SourceReordered', facts: { chunk: odd } });
    expect(await accepted(container, cursor)).toEqual([`5 ${odd} 901`, `6 ${odd} 902`, `7 ${main} 5`]);
  });

  test('is SourceForked when it gets its frames after it appeared, and is read once when it is accepted', async () => {
    const { container, cursor: before } = await caughtUp();
    await uploadChunk(container, odd, Buffer.alloc(4096), 'page');
    const { cursor } = await readAll(openTapes(container), before);
    await uploadChunk(container, odd, tapeOf(numberedRecords(901, 902), 'int32'), 'page');
    const { thrown } = await readAll(openTapes(container), cursor);
    expect(thrown).toMatchObject({ kind: 'SourceForked', facts: { chunk: odd, offset: 0 } });
    expect(await accepted(container, cursor)).toEqual([`5 ${odd} 901`, `6 ${odd} 902`, `7 ${main} 5`]);
  });

  test('is SourceReordered although its first frame is damaged, instead of being taken for torn', async () => {
    const container = await freshContainer();
    await uploadChunk(container, '00000000-2013-10-15-080000.dat', tapeOf(numberedRecords(1, 2)));
    const odd = '00000002-2013-10-15-090000.dat';
    const bytes = tapeOf(numberedRecords(3, 4), 'int32');
    bytes[20] = (bytes[20] ?? 0) ^ 0xff;
    await uploadChunk(container, odd, bytes);
    await uploadChunk(container, '00000004-2013-10-15-100000.dat', tapeOf(numberedRecords(5, 6)));
    for (const onDamage of ['stop', 'skip', 'salvage'] as const) {
      const { records, thrown } = await readAll(openTapes(container, { onDamage }));
      expect(records).toHaveLength(2);
      expect(thrown).toMatchObject({ kind: 'SourceReordered', facts: { chunk: odd, variant: 'int32' } });
    }
  });

  test('is SourceReordered although its first frame is larger than the first range', async () => {
    const container = await freshContainer();
    await uploadChunk(container, '00000000-2013-10-15-080000.dat', tapeOf(numberedRecords(1, 2)));
    const odd = '00000002-2013-10-15-090000.dat';
    const source = openTapes(container, { minRangeBytes: 512 });
    const tape = tapeOf(numberedRecords(3, 4, 600), 'int32');
    await uploadChunk(container, odd, Buffer.alloc(tape.length));
    const { cursor } = await readAll(source);
    await uploadChunk(container, odd, tape);
    const { thrown } = await readAll(source, cursor);
    expect(thrown).toMatchObject({ kind: 'SourceReordered', facts: { chunk: odd, variant: 'int32' } });
  });

  test('is SourceReordered although reading begins inside it, instead of its rest being taken for torn', async () => {
    const container = await freshContainer();
    const first = '00000000-2013-10-15-080000.dat';
    await uploadChunk(container, first, tapeOf(numberedRecords(1, 1)));
    const { chunk, offset, sha1, position } = (await readAll(openTapes(container))).cursor;
    const cursor = { chunk, offset, sha1, position };
    const whole = tapeOf(numberedRecords(1, 3));
    const damaged = Buffer.from(whole);
    damaged[offset + 20] = (whole[offset + 20] ?? 0) ^ 0xff;
    for (const time of ['070000', '090000']) {
      await uploadChunk(container, `00000003-2013-10-15-${time}.dat`, tapeOf(numberedRecords(4, 5), 'int32'));
    }
    for (const bytes of [whole, damaged]) {
      await uploadChunk(container, first, bytes);
      const { records, thrown } = await readAll(openTapes(container), cursor);
      expect(records).toHaveLength(0);
      expect(thrown).toMatchObject({ kind: 'SourceReordered', facts: { chunk: first, variant: 'varint' } });
    }
  });

  test('is SourceReordered, and is read in its place when it is accepted', async () => {
    const container = await freshContainer();
    await uploadChunk(container, '00000000-2013-10-15-080000.dat', tapeOf(numberedRecords(1, 2)));
    await uploadChunk(container, '00000002-2013-10-15-090000.dat', tapeOf(numberedRecords(3, 4), 'int32'));
    await uploadChunk(container, '00000004-2013-10-15-100000.dat', tapeOf(numberedRecords(5, 6)));
    const { cursor, thrown } = await readAll(openTapes(container));
    const odd = '00000002-2013-10-15-090000.dat';
    expect(thrown).toMatchObject({ kind: 'SourceReordered', facts: { chunk: odd, variant: 'int32' } });
    const accepted = await openTapes(container).accept(odd, cursor, never);
    const { records, thrown: none } = await readAll(openTapes(container), accepted);
    expect(none).toBeUndefined();
    expect(records.map(({ position, stamp }) => [position, stamp])).toEqual([
      [3, 3n],
      [4, 4n],
      [5, 5n],
      [6, 6n],
    ]);
  });
});
