import type { ContainerClient } from '@azure/storage-blob';
import { BlobServiceClient, ContainerSASPermissions, StorageSharedKeyCredential } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';

import { Failure } from '../../src/core/failure.js';
import { beginning, type Cursor } from '../../src/core/cursor.js';
import type { Mark } from '../../src/core/mark.js';
import type { SourceRecord } from '../../src/core/record.js';
import type { Source, SourceBatch } from '../../src/source/source.js';
import { connectContainer } from '../../src/storage/container.js';
import { azuriteConnectionString, freshContainerName } from '../support/services/azurite.js';
import { RecordingLogger } from '../support/recordingLogger.js';
import { FakeClock } from '../support/fakeClock.js';
import { storageProxy } from '../support/faults/storageProxy.js';
import { numberedRecords, tapeOf } from '../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk, uploadStore } from '../support/stores/uploadStore.js';
import { markOf, never, openTapes, readAll } from './openTapes.js';

const first = '00000000-2013-10-15-093000.dat';
const second = '00000010-2013-10-15-103000.dat';
const third = '00000020-2013-10-15-113000.dat';
const threeChunks = [
  [first, tapeOf(numberedRecords(1, 10))],
  [second, tapeOf(numberedRecords(11, 20))],
  [third, tapeOf(numberedRecords(21, 30))],
] as const;

async function threeChunkStore(): Promise<ContainerClient> {
  const container = await freshContainer();
  await uploadStore(container, threeChunks, 'block');
  return container;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function positions(records: readonly SourceRecord[]): number[] {
  return records.map(({ position }) => position);
}

/** A source that lists everything at each poll, and what it gave up to the head. */
async function caughtUp(container: ContainerClient, onDamage: 'stop' | 'skip' = 'stop') {
  const clock = FakeClock.flowing();
  const logger = new RecordingLogger();
  const source = openTapes(container, { clock, logger, listAllSeconds: 60, onDamage });
  const { cursor, records, thrown } = await readAll(source);
  expect(thrown).toBeUndefined();
  return { clock, logger, source, cursor, records };
}

/** The stop that reading or polling from a cursor ends in, in this process and in another. */
async function stopsOf(container: ContainerClient, source: Source, clock: FakeClock, cursor: Cursor) {
  clock.advance(60_000);
  const polled: unknown = await source.poll(cursor, never).catch((thrown: unknown) => thrown);
  const again = await readAll(openTapes(container), JSON.parse(JSON.stringify(cursor)) as Cursor);
  expect(again.records).toEqual([]);
  return [polled, again.thrown];
}

describe('garbage in a chunk', () => {
  test('Garbage in the middle of a chunk is SourceCorrupt, in the last chunk and in an older one', async () => {
    for (const [name, bytes] of threeChunks) {
      const container = await threeChunkStore();
      const damaged = Buffer.from(bytes);
      const frameBytes = damaged.length / 10;
      damaged.fill(0xa5, 4 * frameBytes + 3, 4 * frameBytes + 30);
      await uploadChunk(container, name, damaged);
      const { records, thrown } = await readAll(openTapes(container));
      const before = 10 * threeChunks.findIndex(([one]) => one === name) + 4;
      expect(positions(records)).toEqual(range(1, before));
      expect(thrown).toBeInstanceOf(Failure);
      expect(thrown).toMatchObject({
        kind: 'SourceCorrupt',
        facts: { chunk: name, offset: 4 * frameBytes, position: before + 1, nextFrameAt: 5 * frameBytes },
      });
    }
  });

  test('Garbage in a chunk is searched once per version of the chunk', async () => {
    const container = await freshContainer();
    const tape = Buffer.from(tapeOf(numberedRecords(1, 10)));
    tape[tape.length >> 1] = (tape[tape.length >> 1] ?? 0) ^ 1;
    await uploadChunk(container, first, tape);
    const proxy = await storageProxy(container, azuriteConnectionString());
    const source = openTapes(proxy.container);
    const { cursor, thrown } = await readAll(source);
    expect(thrown).toMatchObject({ kind: 'SourceCorrupt' });
    proxy.taken();
    expect((await readAll(source, cursor)).thrown).toMatchObject({ kind: 'SourceCorrupt' });
    expect(proxy.taken().map(({ about, status }) => `${about} ${status}`)).toEqual([`${first} 304`]);
  });

  test('Garbage far behind the last frame is found again when reading begins anew, however small the ranges are', async () => {
    const container = await freshContainer();
    const [good, late] = [tapeOf(numberedRecords(1, 3)), tapeOf(numberedRecords(4, 4))];
    await uploadChunk(container, first, Buffer.concat([good, Buffer.alloc(4096), late, Buffer.alloc(512)]));
    const source = openTapes(container, { minRangeBytes: 512 });
    for (let times = 0; times < 3; times++) {
      const { records, thrown } = await readAll(source);
      expect(positions(records)).toEqual([1, 2, 3]);
      expect(thrown).toMatchObject({ kind: 'SourceCorrupt', facts: { chunk: first, offset: good.length } });
    }
  });

  test('Garbage that has been repaired stops nothing any more', async () => {
    const container = await threeChunkStore();
    const damaged = Buffer.from(threeChunks[1][1]);
    damaged[100] = (damaged[100] ?? 0) ^ 1;
    await uploadChunk(container, second, damaged);
    const source = openTapes(container);
    const { cursor, thrown } = await readAll(source);
    expect(thrown).toMatchObject({ kind: 'SourceCorrupt' });
    await uploadChunk(container, second, threeChunks[1][1]);
    const { records, thrown: none } = await readAll(source, cursor);
    expect(none).toBeUndefined();
    expect(positions(records).at(-1)).toBe(30);
  });
});

describe('a chunk that is shorter than what was read of it', () => {
  test.each([0, 100, 395])(
    'A chunk that is shorter than what was read of it is SourceTruncated, in this process and in another (%i bytes left)',
    async (bytes) => {
      const container = await threeChunkStore();
      const { source, clock, cursor } = await caughtUp(container);
      await uploadChunk(container, third, threeChunks[2][1].subarray(0, bytes));
      for (const stop of await stopsOf(container, source, clock, cursor)) {
        expect(stop).toMatchObject({ kind: 'SourceTruncated', facts: { chunk: third } });
      }
    },
  );

  test('A chunk is SourceTruncated when the frame under the mark is cut', async () => {
    const container = await threeChunkStore();
    const { records } = await caughtUp(container);
    const last = records.at(-1);
    if (!last) throw new Error('nothing was read');
    await uploadChunk(container, third, threeChunks[2][1].subarray(0, last.offset + 10));
    await expect(openTapes(container).locate(markOf(last), undefined, never)).rejects.toMatchObject({
      kind: 'SourceTruncated',
    });
    await uploadChunk(container, third, threeChunks[2][1].subarray(0, last.offset));
    await expect(openTapes(container).locate(markOf(last), undefined, never)).rejects.toMatchObject({
      kind: 'SourceTruncated',
    });
  });
});

describe('a source that is another one', () => {
  test('It is SourceReplaced when the frame before the cursor is another', async () => {
    const container = await threeChunkStore();
    const { source, clock, cursor } = await caughtUp(container);
    await uploadChunk(container, third, tapeOf(numberedRecords(51, 62)));
    for (const stop of await stopsOf(container, source, clock, cursor)) {
      expect(stop).toMatchObject({ kind: 'SourceReplaced', facts: { chunk: third } });
    }
  });

  test('It is SourceReplaced when the chunk of the cursor is gone', async () => {
    const container = await threeChunkStore();
    const { source, clock, cursor } = await caughtUp(container);
    await container.deleteBlob(third);
    for (const stop of await stopsOf(container, source, clock, cursor)) {
      expect(stop).toMatchObject({ kind: 'SourceReplaced', facts: { chunk: third } });
    }
  });

  test('It is SourceReplaced when the frame under the mark is another, or gone', async () => {
    const container = await threeChunkStore();
    const { records } = await caughtUp(container);
    const record = records[14];
    if (!record) throw new Error('nothing was read');
    const mark = markOf(record);
    const located = await openTapes(container).locate(mark, undefined, never);
    // What the source remembered is the checkpoint's to keep, not the mark's.
    expect({ ...located.record, memory: undefined }).toEqual({ ...record, memory: undefined });
    expect(positions((await readAll(openTapes(container), located.cursor)).records)).toEqual(range(16, 30));

    const locate = (changed: Partial<Mark>) => openTapes(container).locate({ ...mark, ...changed }, undefined, never);
    for (const changed of [
      { sha1: '0123456789abcdef' },
      { offset: mark.offset + 1 },
      { chunk: first.replace('0', '1') },
    ]) {
      await expect(locate(changed)).rejects.toMatchObject({ kind: 'SourceReplaced' });
    }
    await container.deleteBlob(second);
    await expect(locate({})).rejects.toMatchObject({ kind: 'SourceReplaced' });
  });
});

describe('a torn frame', () => {
  const torn = threeChunks[0][1].subarray(0, -7);
  const behind = '00000009-2013-10-15-103000.dat';

  test('A torn frame in an older chunk is passed over and reported once its writer has left it alone', async () => {
    const container = await freshContainer();
    await uploadStore(
      container,
      [
        [first, torn],
        [behind, tapeOf(numberedRecords(10, 12))],
      ],
      'page',
    );
    const logger = new RecordingLogger();
    const { records, cursor, thrown } = await readAll(openTapes(container, { logger }));
    expect(thrown).toBeUndefined();
    expect(positions(records)).toEqual(range(1, 12));
    expect(records[9]?.chunk).toBe(behind);
    expect(logger.lines).toMatchObject([{ level: 'warn', event: 'source-torn-frame', facts: { chunk: first } }]);
    expect(cursor.memory?.passedOver).toEqual({ chunks: 1, bytes: expect.any(Number) as number });
  });

  test('A torn frame in an older chunk is waited for as long as its writer may still finish it', async () => {
    const container = await freshContainer();
    await uploadStore(
      container,
      [
        [first, torn],
        [behind, tapeOf(numberedRecords(11, 12))],
      ],
      'page',
    );
    const proxy = await storageProxy(container, azuriteConnectionString());
    let ago = 0;
    let lastModified = '';
    proxy.tampering.headers = ({ about }, headers) => {
      if (about !== first) return;
      lastModified = headers['last-modified'] ?? lastModified;
      headers.date = new Date(Date.parse(lastModified) + 1000 * ago).toUTCString();
    };
    const clock = FakeClock.flowing((count) => void (ago = 30 * count));
    const { records, thrown } = await readAll(openTapes(proxy.container, { clock, settleSeconds: 60 }));
    expect(thrown).toBeUndefined();
    expect(clock.slept).toHaveLength(2);
    expect(positions(records)).toEqual(range(1, 11));

    ago = 0;
    const finishing = FakeClock.flowing(() => uploadChunk(container, first, threeChunks[0][1], 'page'));
    const finished = await readAll(openTapes(proxy.container, { clock: finishing, settleSeconds: 60 }));
    expect(positions(finished.records)).toEqual(range(1, 12));
    expect(finished.records[9]?.chunk).toBe(first);
  });

  test('A torn frame that is finished after it was passed over is SourceForked', async () => {
    const container = await freshContainer();
    await uploadStore(
      container,
      [
        [first, torn],
        [behind, tapeOf(numberedRecords(10, 12))],
      ],
      'page',
    );
    const { source, clock, cursor } = await caughtUp(container);
    await uploadChunk(container, first, threeChunks[0][1], 'page');
    for (const stop of await stopsOf(container, source, clock, cursor)) {
      expect(stop).toMatchObject({ kind: 'SourceForked', facts: { chunk: first } });
    }
  });
});

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

describe('a prefix that skips ahead', () => {
  const ahead = '00000035-2013-10-15-123000.dat';

  test('A prefix that skips ahead is SourceGap, and its chunk is read when it is accepted', async () => {
    const container = await threeChunkStore();
    await uploadChunk(container, ahead, tapeOf(numberedRecords(36, 38)));
    const { records, cursor, thrown } = await readAll(openTapes(container));
    expect(positions(records)).toEqual(range(1, 30));
    expect(thrown).toMatchObject({ kind: 'SourceGap', facts: { chunk: ahead, position: 31, missing: 4 } });

    await expect(openTapes(container).accept(third, cursor, never)).rejects.toMatchObject({ kind: 'NotApplicable' });
    const accepted = await openTapes(container).accept(ahead, cursor, never);
    expect(accepted).toMatchObject({ chunk: cursor.chunk, offset: cursor.offset, position: 31 });
    const after = await readAll(openTapes(container), accepted);
    expect(after.thrown).toBeUndefined();
    expect(positions(after.records)).toEqual([31, 32, 33]);
  });

  test('A prefix that skips ahead is a finding in the first chunk too', async () => {
    const container = await freshContainer();
    await uploadChunk(container, second, threeChunks[1][1]);
    expect((await readAll(openTapes(container))).thrown).toMatchObject({
      kind: 'SourceGap',
      facts: { position: 1, missing: 9 },
    });
  });

  test('A prefix that skips by one, or backwards, or of a chunk without a frame, is no SourceGap', async () => {
    const container = await threeChunkStore();
    await uploadChunk(container, '00000031-2013-10-15-123000.dat', tapeOf(numberedRecords(31, 33)));
    await uploadChunk(container, '00000032-2013-10-15-124000.dat', tapeOf(numberedRecords(34, 35)));
    await uploadChunk(container, '00000099-2013-10-15-125000.dat', Buffer.alloc(512));
    const { records, thrown } = await readAll(openTapes(container));
    expect(thrown).toBeUndefined();
    expect(positions(records)).toEqual(range(1, 35));
  });

  test('A prefix that skips ahead is reported only, where damage is not to stop anything', async () => {
    const container = await threeChunkStore();
    await uploadChunk(container, ahead, tapeOf(numberedRecords(36, 38)));
    const { records, logger } = await caughtUp(container, 'skip');
    expect(positions(records)).toEqual(range(1, 33));
    expect(logger.events('warn')).toEqual(['source-gap-passed']);
  });
});

describe('names that are not tapes', () => {
  test('Names that are no chunks are ignored', async () => {
    const container = await threeChunkStore();
    for (const name of ['lock', 'a/00000000-2013-10-15-093000.dat', `${first}.bak`, 'zz.dat', '00000001.dat']) {
      await uploadChunk(container, name, tapeOf(numberedRecords(801, 803)));
    }
    expect(positions((await caughtUp(container)).records)).toEqual(range(1, 30));
  });
});

describe('a container that cannot be read', () => {
  const secret = /sig=|AccountKey|Eby8/;

  test('A container that cannot be read because it does not exist is SourceUnreachable', async () => {
    const container = freshContainerName();
    const client = connectContainer({ kind: 'connectionString', value: azuriteConnectionString() }, container);
    const { thrown } = await readAll(openTapes(client));
    expect(thrown).toMatchObject({
      kind: 'SourceUnreachable',
      message: `Container ${container} of account devstoreaccount1 does not exist.`,
      facts: { container, account: 'devstoreaccount1' },
    });
    await expect(openTapes(client).isEmpty(never)).rejects.toMatchObject({ kind: 'SourceUnreachable' });
    const mark = { chunk: first, offset: 0, position: 1, sha1: '' } as Mark;
    await expect(openTapes(client).locate(mark, undefined, never)).rejects.toMatchObject({ kind: 'SourceUnreachable' });
  });

  test('A container that cannot be read because the key is wrong is SourceUnreachable, without the key', async () => {
    const container = await threeChunkStore();
    const key = Buffer.alloc(64, 7).toString('base64');
    const value = azuriteConnectionString().replace(/AccountKey=[^;]*/, `AccountKey=${key}`);
    const { thrown } = await readAll(
      openTapes(connectContainer({ kind: 'connectionString', value }, container.containerName)),
    );
    expect(thrown).toMatchObject({ kind: 'SourceUnreachable', message: expect.stringMatching(/was denied/) as string });
    expect(JSON.stringify([thrown, String(thrown)])).not.toContain(key);
  });

  test('A container that cannot be read because a signature does not allow it is SourceUnreachable, without the signature', async () => {
    const container = await threeChunkStore();
    const withKey = BlobServiceClient.fromConnectionString(azuriteConnectionString()).getContainerClient(
      container.containerName,
    );
    expect(withKey.credential).toBeInstanceOf(StorageSharedKeyCredential);
    const permissions = ContainerSASPermissions.parse('w');
    const signed = await withKey.generateSasUrl({ permissions, expiresOn: new Date(Date.now() + 60_000) });
    const url = signed.replace(`/${container.containerName}?`, '?');
    const { thrown } = await readAll(openTapes(connectContainer({ kind: 'url', url }, container.containerName)));
    expect(thrown).toMatchObject({ kind: 'SourceUnreachable', message: expect.stringMatching(/was denied/) as string });
    expect(JSON.stringify([thrown, String(thrown)])).not.toMatch(secret);
    expect((thrown as Failure).cause).toBeDefined();
  });

  test('A container that cannot be read because nothing listens there is SourceUnreachable', async () => {
    const value = azuriteConnectionString().replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:1');
    const client = connectContainer({ kind: 'connectionString', value }, 'tapes');
    const { thrown } = await readAll(openTapes(client));
    expect(thrown).toMatchObject({
      kind: 'SourceUnreachable',
      message: expect.stringMatching(/cannot be reached/) as string,
    });
  });
});
