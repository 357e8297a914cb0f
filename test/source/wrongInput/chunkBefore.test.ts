import { describe, expect, test } from 'vitest';
import { beginning } from '../../../src/core/cursor.js';
import type { SourceBatch } from '../../../src/source/source.js';
import { FakeClock } from '../../support/fakeClock.js';
import { storageProxy } from '../../support/faults/storageProxy.js';
import { azuriteConnectionString } from '../../support/services/azurite.js';
import { numberedRecords, tapeOf } from '../../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk, uploadStore } from '../../support/stores/uploadStore.js';
import { markOf, never, openTapes, readAll } from '../openTapes.js';
import { first, second, third, threeChunks, range, positions } from '../tapeChunks.js';
import { threeChunkStore, caughtUp, stopsOf } from './caughtUp.js';

describe('a chunk before the cursor', () => {
  const late = '00000015-2013-10-15-120000.dat';

  test('A chunk before the cursor that appears is SourceReordered, and is read once when it is accepted', async () => {
    const container = await threeChunkStore();
    const { source, clock, cursor } = await caughtUp(container);
    await uploadChunk(container, late, tapeOf(numberedRecords(901, 903)));
    for (const stop of await stopsOf(container, source, clock, cursor)) {
      expect(stop).toMatchObject({ kind: 'SourceReordered', facts: { chunk: late } });
    }
    await expect(source.accept(second, cursor, never)).rejects.toMatchObject({ kind: 'NotApplicable' });

    const accepted = await openTapes(container).accept(late, cursor, never);
    expect(accepted).toMatchObject({ chunk: late, offset: 0, position: 31, returnTo: { chunk: third } });
    await uploadChunk(container, third, tapeOf(numberedRecords(21, 33)));
    const { records, cursor: after, thrown } = await readAll(openTapes(container), accepted);
    expect(thrown).toBeUndefined();
    expect(records.map(({ position, chunk }) => `${position} ${chunk}`)).toEqual([
      ...range(31, 33).map((position) => `${position} ${late}`),
      ...range(34, 36).map((position) => `${position} ${third}`),
    ]);
    expect(records.map(({ returnTo }) => returnTo?.chunk)).toEqual([
      third,
      third,
      third,
      undefined,
      undefined,
      undefined,
    ]);
    expect(after).toMatchObject({ chunk: third, position: 37 });
    expect(after.returnTo).toBeUndefined();
    const again = await readAll(openTapes(container), after);
    expect(again).toMatchObject({ records: [], thrown: undefined });

    // A mark alone is enough to find the way back.
    for (const [index, record] of records.entries()) {
      const { cursor: found } = await openTapes(container).locate(markOf(record), undefined, never);
      expect(positions((await readAll(openTapes(container), found)).records)).toEqual(range(32 + index, 36));
    }
  });

  test('A chunk before the cursor is noticed although another caller made the listing that shows it', async () => {
    const container = await threeChunkStore();
    const { source, clock, cursor } = await caughtUp(container);
    await uploadChunk(container, late, tapeOf(numberedRecords(901, 903)));
    clock.advance(60_000);
    await source.lag(cursor, never);
    await expect(source.poll(cursor, never)).rejects.toMatchObject({ kind: 'SourceReordered' });
  });

  test('A chunk before the cursor is noticed although another caller lists it while a later chunk is on its way', async () => {
    const container = await threeChunkStore();
    const proxy = await storageProxy(container, azuriteConnectionString());
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    proxy.tampering.before = ({ about }) => (about === second ? held : undefined);
    const clock = FakeClock.flowing();
    const source = openTapes(proxy.container, { clock });
    const reading = source.read(beginning, never)[Symbol.asyncIterator]();
    const { cursor } = (await reading.next()).value as SourceBatch;
    expect(cursor).toMatchObject({ chunk: first, position: 11 });
    const early = '00000000-2013-10-15-080000.dat';
    await uploadChunk(container, early, tapeOf(numberedRecords(901, 903)));
    clock.advance(301_000);
    await source.lag(cursor, never);
    release();
    await expect(reading.next()).rejects.toMatchObject({ kind: 'SourceReordered', facts: { chunk: early } });
  });

  test('A chunk before the cursor that sorts before all watched ones is found by the listing of everything', async () => {
    const container = await freshContainer();
    const names = range(0, 11).map((index) => `${String(index).padStart(8, '0')}-2013-10-15-093000.dat`);
    await uploadStore(
      container,
      names.map((name, index) => [name, tapeOf(numberedRecords(index + 1, index + 1))] as const),
      'block',
    );
    const { source, clock, cursor } = await caughtUp(container);
    const early = '00000001-2013-10-15-120000.dat';
    await uploadChunk(container, early, tapeOf(numberedRecords(901, 901)));
    clock.advance(30_000);
    expect(await source.poll(cursor, never)).toBe(false);
    clock.advance(30_000);
    await expect(source.poll(cursor, never)).rejects.toMatchObject({
      kind: 'SourceReordered',
      facts: { chunk: early },
    });
  });

  test('A chunk before the cursor that appears without a frame is no finding until it has one', async () => {
    const container = await threeChunkStore();
    const { source, clock, cursor } = await caughtUp(container);
    await uploadChunk(container, late, Buffer.alloc(1024));
    clock.advance(60_000);
    expect(await source.poll(cursor, never)).toBe(false);
    const other = await readAll(openTapes(container), cursor);
    expect(other.thrown).toBeUndefined();

    await uploadChunk(container, late, tapeOf(numberedRecords(901, 903)));
    const [polled] = await stopsOf(container, source, clock, cursor);
    expect(polled).toMatchObject({ kind: 'SourceReordered', facts: { chunk: late } });
    const later = await readAll(openTapes(container), other.cursor);
    expect(later.thrown).toMatchObject({ facts: { chunk: late } });
  });

  test('A chunk before the cursor that goes on after it was left is SourceForked, and is read from there when it is accepted', async () => {
    const container = await threeChunkStore();
    const { source, clock, cursor } = await caughtUp(container);
    await uploadChunk(container, first, tapeOf(numberedRecords(1, 12)));
    for (const stop of await stopsOf(container, source, clock, cursor)) {
      expect(stop).toMatchObject({ kind: 'SourceForked', facts: { chunk: first, offset: threeChunks[0][1].length } });
    }
    const accepted = await openTapes(container).accept(first, cursor, never);
    const { records, cursor: after, thrown } = await readAll(openTapes(container), accepted);
    expect(thrown).toBeUndefined();
    expect(records.map(({ position, stamp }) => [position, stamp])).toEqual([
      [31, 11n],
      [32, 12n],
    ]);
    expect(await readAll(openTapes(container), after)).toMatchObject({ records: [], thrown: undefined });

    await uploadChunk(container, first, tapeOf(numberedRecords(1, 13)));
    expect((await readAll(openTapes(container), after)).thrown).toMatchObject({ kind: 'SourceForked' });
  });

  test('A chunk before the cursor that went on is read anew up to a mark that another runner has appended since', async () => {
    const container = await threeChunkStore();
    const source = openTapes(container);
    const before = await readAll(source);
    const { cursor } = await source.locate(markOf(before.records[9]), undefined, never);
    await uploadChunk(container, first, tapeOf(numberedRecords(1, 12)));
    const { records } = await readAll(openTapes(container), cursor);
    await source.locate(markOf(records[1]), undefined, never);
    const again = await readAll(source, cursor);
    expect(again.records.slice(0, 3).map(({ chunk, position }) => `${position} ${chunk}`)).toEqual([
      `11 ${first}`,
      `12 ${first}`,
      `13 ${second}`,
    ]);
  });

  test('A chunk before the cursor that the original reader truncates is no finding', async () => {
    const container = await freshContainer();
    const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(4096 - bytes.length)]);
    await uploadStore(
      container,
      threeChunks.map(([name, bytes]) => [name, padded(bytes)] as const),
      'page',
    );
    const { source, clock, cursor } = await caughtUp(container);
    await container.getPageBlobClient(first).resize(1024);
    clock.advance(60_000);
    expect(await source.poll(cursor, never)).toBe(false);
    expect(await readAll(openTapes(container), cursor)).toMatchObject({ records: [], thrown: undefined });
  });

  test('A chunk before the cursor that another runner has read, and our last listing did not show, is no finding', async () => {
    const container = await freshContainer();
    const clock = FakeClock.flowing();
    const source = openTapes(container, { clock });
    await uploadChunk(container, second, tapeOf(numberedRecords(11, 12)));
    expect((await readAll(source)).thrown).toMatchObject({ kind: 'SourceGap' });
    await uploadChunk(container, first, tapeOf(numberedRecords(1, 10)));
    const { cursor } = await readAll(openTapes(container));
    const { cursor: ours } = await readAll(source, cursor);
    expect(ours.memory?.namesBefore).toEqual(cursor.memory?.namesBefore);
    clock.advance(301_000);
    expect(await readAll(source, ours)).toMatchObject({ records: [], thrown: undefined });
  });

  test('A chunk before the cursor that is deleted is reported, and stops nothing', async () => {
    const container = await threeChunkStore();
    const { source, clock, cursor, logger } = await caughtUp(container);
    await container.deleteBlob(first);
    clock.advance(60_000);
    expect(await source.poll(cursor, never)).toBe(false);
    expect(logger.events('warn')).toEqual(['source-chunks-vanished']);
  });

  test('A chunk before the cursor is noticed although another is gone, but not accepted before that one is back', async () => {
    const container = await threeChunkStore();
    const { source, cursor } = await caughtUp(container);
    await container.deleteBlob(first);
    await uploadChunk(container, late, tapeOf(numberedRecords(901, 903)));
    const { thrown } = await readAll(openTapes(container), cursor);
    expect(thrown).toMatchObject({ kind: 'SourceReordered', facts: { certain: false } });
    for (const either of [openTapes(container), source]) {
      await expect(either.accept(late, cursor, never)).rejects.toMatchObject({ kind: 'NotApplicable' });
    }
    await uploadChunk(container, first, threeChunks[0][1]);
    expect(await openTapes(container).accept(late, cursor, never)).toMatchObject({ chunk: late });
  });

  test('Chunks before the cursor are found one after the other when there are several', async () => {
    const container = await threeChunkStore();
    const { source, clock, cursor } = await caughtUp(container);
    const later = '00000016-2013-10-15-120000.dat';
    await uploadChunk(container, late, tapeOf(numberedRecords(901, 903)));
    await uploadChunk(container, later, tapeOf(numberedRecords(904, 905)));
    clock.advance(60_000);
    await expect(source.poll(cursor, never)).rejects.toMatchObject({ kind: 'SourceReordered' });
    const one = await readAll(source, await source.accept(later, cursor, never));
    expect(positions(one.records)).toEqual([31, 32]);
    expect(one.thrown).toMatchObject({ kind: 'SourceReordered', facts: { chunk: late } });
    const other = await readAll(source, await source.accept(late, one.cursor, never));
    expect(positions(other.records)).toEqual([33, 34, 35]);
    expect(other.thrown).toBeUndefined();
    expect(await readAll(openTapes(container), other.cursor)).toMatchObject({ records: [], thrown: undefined });
  });
});
