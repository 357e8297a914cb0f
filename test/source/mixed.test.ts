import type { ContainerClient } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';

import { beginning, type Cursor } from '../../src/core/cursor.js';
import type { SourceRecord } from '../../src/core/record.js';
import type { Source } from '../../src/source/source.js';
import { tapeHistory } from '../../src/source/views/history.js';
import { fixtureStore, mixedStore } from '../support/stores/fixtureStores.js';
import { FakeClock } from '../support/fakeClock.js';
import { silentLogger } from '../../src/core/logger.js';
import { numberedRecords, tapeOf } from '../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk, uploadStore } from '../support/stores/uploadStore.js';
import { markOf, never, openTapes, readAll } from './openTapes.js';

const first = '00000000-2013-10-15-080000.dat';
const between = '00000000-2013-10-15-083000.dat';
const second = '00000000-2013-10-15-090000.dat';
const third = '00000000-2013-10-15-100000.dat';
const varint = (from: number, to: number) => tapeOf(numberedRecords(from, to));
const int32 = (from: number, to: number) => tapeOf(numberedRecords(from, to), 'int32');

async function containerOf(chunks: Readonly<Record<string, Buffer>>): Promise<ContainerClient> {
  const container = await freshContainer();
  for (const [name, bytes] of Object.entries(chunks)) await uploadChunk(container, name, bytes, 'page');
  return container;
}

/** What another process finds that has the cursor from a checkpoint row. */
function elsewhere(container: ContainerClient, cursor: Cursor) {
  return readAll(openTapes(container), JSON.parse(JSON.stringify(cursor)) as Cursor);
}

function mixed(chunk: string, firstChunk: string) {
  return { kind: 'SourceMixed', facts: { chunk, firstChunk } };
}

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
}

describe('a container that holds frames of both variants', () => {
  test('A container of both variants is SourceMixed after the records before the first frame of the other one, and both chunks are named', async () => {
    const container = await containerOf({ [first]: int32(1, 2), [second]: varint(3, 4), [third]: int32(5, 6) });
    const { records, cursor, thrown } = await readAll(openTapes(container));
    expect(records.map(({ position, chunk }) => `${position} ${chunk}`)).toEqual([`1 ${first}`, `2 ${first}`]);
    expect(thrown).toMatchObject({
      ...mixed(second, first),
      message: `Chunk ${second} holds varint frames, but chunk ${first} holds int32 frames. A container may hold only one of the two.`,
    });
    expect(cursor.memory?.frames).toEqual({ variant: 'int32', chunk: first });
    expect(await elsewhere(container, cursor)).toMatchObject({ records: [], thrown: mixed(second, first) });
  });

  test('A container of both variants is SourceMixed as the original code wrote it, for who reads it and who verifies it', async () => {
    const container = await freshContainer();
    await uploadStore(container, (await fixtureStore(mixedStore)).chunks, 'block');
    const expected = mixed('00000000-2012-09-10-080000.dat', '00000000-2012-08-26-080000.dat');
    const { records, thrown } = await readAll(openTapes(container));
    expect(thrown).toMatchObject(expected);
    expect(new Set(records.map(({ chunk }) => chunk))).toEqual(new Set([expected.facts.firstChunk]));
    const options = { readRecords: 1, settleSeconds: 0, listAllSeconds: 300, onDamage: 'stop' } as const;
    const history = tapeHistory({ container, clock: FakeClock.flowing(), logger: silentLogger, ...options });
    const verified: SourceRecord[] = [];
    const verifying = (async () => {
      for await (const record of history.records(undefined, never)) verified.push(record);
    })();
    expect(await thrownBy(verifying)).toMatchObject(expected);
    expect(verified).toHaveLength(records.length);
  });

  test('A container of both variants is SourceMixed for each ON_DAMAGE, although the first frame of the other variant is damaged', async () => {
    const damaged = int32(3, 4);
    damaged[20] = (damaged[20] ?? 0) ^ 0xff;
    const container = await containerOf({ [first]: varint(1, 2), [second]: damaged, [third]: varint(5, 6) });
    for (const onDamage of ['stop', 'skip', 'salvage'] as const) {
      const { records, thrown } = await readAll(openTapes(container, { onDamage }));
      expect(records).toHaveLength(2);
      expect(thrown).toMatchObject(mixed(second, first));
    }
  });

  test('A container of both variants is SourceMixed although the frame of the other variant is larger than the first range', async () => {
    const large = tapeOf(numberedRecords(3, 4, 600), 'int32');
    const container = await containerOf({ [first]: varint(1, 2), [second]: Buffer.alloc(8192) });
    const source = openTapes(container, { minRangeBytes: 512 });
    const { cursor } = await readAll(source);
    await uploadChunk(container, second, Buffer.concat([large, Buffer.alloc(8192 - large.length)]), 'page');
    expect((await readAll(source, cursor)).thrown).toMatchObject(mixed(second, first));
  });

  test('A container of both variants is SourceMixed when one chunk holds both', async () => {
    const container = await containerOf({ [first]: Buffer.concat([varint(1, 2), int32(3, 4)]) });
    const { records, thrown } = await readAll(openTapes(container));
    expect(records).toHaveLength(2);
    expect(thrown).toMatchObject({
      ...mixed(first, first),
      message: expect.stringContaining(`Chunk ${first} holds both varint and int32 frames.`) as string,
    });
  });

  test('A container of both variants reads on once the chunks of the other variant are in a container of their own', async () => {
    const container = await containerOf({ [first]: varint(1, 2), [second]: int32(1, 2), [third]: varint(3, 4) });
    const { cursor, thrown } = await readAll(openTapes(container));
    expect(thrown).toMatchObject(mixed(second, first));
    expect(await thrownBy(openTapes(container).accept(second, cursor, never))).toMatchObject(mixed(second, first));
    await container.deleteBlob(second);
    const { records, thrown: none } = await elsewhere(container, cursor);
    expect(none).toBeUndefined();
    expect(records.map(({ position, chunk }) => `${position} ${chunk}`)).toEqual([`3 ${third}`, `4 ${third}`]);
  });
});

describe('a chunk before the cursor', () => {
  async function caughtUp() {
    const container = await containerOf({ [first]: varint(1, 2), [second]: varint(3, 4) });
    const clock = FakeClock.flowing();
    const source = openTapes(container, { clock, listAllSeconds: 5 });
    const { cursor } = await readAll(source);
    return { container, clock, source, cursor };
  }

  /** It is found by the process that lives and by another, and accepting the chunk is refused for the same reason. */
  async function expectMixed(of: Awaited<ReturnType<typeof caughtUp>>, cursor: Cursor, chunk: string, name: string) {
    const { container, clock, source } = of;
    clock.advance(5_000);
    expect(await thrownBy(source.poll(cursor, never)), name).toMatchObject(mixed(chunk, first));
    expect((await elsewhere(container, cursor)).thrown, name).toMatchObject(mixed(chunk, first));
    expect(await thrownBy(openTapes(container).accept(chunk, cursor, never)), name).toMatchObject(mixed(chunk, first));
  }

  test('A chunk before the cursor that appears with frames of the other variant is SourceMixed, and cannot be accepted', async () => {
    const known = await caughtUp();
    await uploadChunk(known.container, between, int32(901, 902), 'page');
    await expectMixed(known, known.cursor, between, 'it appears');
    await known.container.deleteBlob(between);
    expect(await elsewhere(known.container, known.cursor)).toMatchObject({ records: [], thrown: undefined });
  });

  test('A chunk before the cursor that appeared empty and gets frames of the other variant is SourceMixed', async () => {
    const known = await caughtUp();
    await uploadChunk(known.container, between, Buffer.alloc(4096), 'page');
    known.clock.advance(5_000);
    const { cursor } = await readAll(known.source, known.cursor);
    await uploadChunk(known.container, between, int32(901, 902), 'page');
    await expectMixed(known, cursor, between, 'it is no longer empty');
  });

  test('A chunk before the cursor that was left and goes on with a frame of the other variant is SourceMixed', async () => {
    const known = await caughtUp();
    await uploadChunk(known.container, first, Buffer.concat([varint(1, 2), int32(901, 902)]), 'page');
    await expectMixed(known, known.cursor, first, 'it goes on');
  });
});

describe('which variant a source has', () => {
  test('The variant of a source is decided by the first chunk that holds a frame, by name, whatever the others hold', async () => {
    const empty = Buffer.alloc(1024);
    const container = await containerOf({ [first]: empty, [second]: int32(1, 2), [third]: varint(1, 9) });
    const { cursor, thrown } = await readAll(openTapes(container));
    expect(thrown).toMatchObject(mixed(third, second));
    expect(cursor.memory?.frames).toEqual({ variant: 'int32', chunk: second });
  });

  test('The variant of a source is the same for a process that saw another chunk first, as long as nothing was read', async () => {
    const container = await containerOf({ [second]: varint(3, 4) });
    const clock = FakeClock.flowing();
    const early = openTapes(container, { clock, listAllSeconds: 5 });
    expect(await early.isEmpty(never)).toBe(false);
    await uploadChunk(container, first, int32(1, 2), 'page');
    clock.advance(5_000);
    for (const source of [early, openTapes(container)]) {
      const { records, thrown } = await readAll(source);
      expect(records).toHaveLength(2);
      expect(thrown).toMatchObject(mixed(second, first));
    }
  });

  test('The variant of a source is decided anew when the first chunk gets its first frame after it was listed, and nothing was read', async () => {
    const container = await containerOf({ [first]: Buffer.alloc(1024), [second]: varint(3, 4) });
    const source: Source = openTapes(container, { clock: FakeClock.flowing() });
    await source.isEmpty(never);
    await uploadChunk(container, first, Buffer.concat([int32(1, 2), Buffer.alloc(1024)]), 'page');
    const { records, thrown } = await readAll(source);
    expect(records.map(({ chunk }) => chunk)).toEqual([first, first]);
    expect(thrown).toMatchObject(mixed(second, first));
  });

  test('The variant of a source is asked of the first chunk when the stream’s tail alone says where reading goes on', async () => {
    const container = await containerOf({ [second]: varint(3, 4) });
    const { records } = await readAll(openTapes(container));
    const mark = markOf(records.at(-1));
    const located = await openTapes(container).locate(mark, undefined, never);
    expect(await readAll(openTapes(container), located.cursor)).toMatchObject({ records: [], thrown: undefined });

    await uploadChunk(container, first, int32(1, 2), 'page');
    const source = openTapes(container);
    const { cursor } = await source.locate(mark, undefined, never);
    expect((await readAll(source, cursor)).thrown).toMatchObject(mixed(second, first));
  });
});

describe('a row of a version that read both variants from one container', () => {
  const eras = { int32Until: first, varintFrom: second };

  test('A row from before, with both variants, is SourceMixed while both are there, and is read on once one is gone', async () => {
    const container = await containerOf({ [second]: varint(1, 2), [third]: varint(3, 4) });
    const { frames, ...memory } = (await readAll(openTapes(container))).cursor.memory ?? {};
    expect(frames).toEqual({ variant: 'varint', chunk: second });
    const { cursor } = await readAll(openTapes(container));
    const row: Cursor = { ...cursor, memory: { ...memory, eras } };
    await uploadChunk(container, first, int32(1, 2), 'page');
    expect((await elsewhere(container, row)).thrown).toMatchObject(mixed(third, first));
    await container.deleteBlob(first);
    await uploadChunk(container, third, varint(3, 6), 'page');
    const { records, cursor: after, thrown } = await elsewhere(container, row);
    expect(thrown).toBeUndefined();
    expect(records.map(({ position }) => position)).toEqual([5, 6]);
    expect(after.position).toBe(7);
  });

  test('A row from before, with both variants, is SourceMixed also where its cursor stands among the chunks of the first variant', async () => {
    const container = await containerOf({ [first]: int32(1, 2), [second]: varint(1, 2) });
    const { cursor } = await readAll(openTapes(container), beginning);
    const { chunk, offset, sha1, position } = cursor;
    const { thrown } = await elsewhere(container, { chunk, offset, sha1, position, memory: { eras } });
    expect(thrown).toMatchObject(mixed(second, first));
  });
});
