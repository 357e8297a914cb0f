import { describe, expect, test } from 'vitest';
import { beginning } from '../../src/core/cursor.js';
import { FakeClock } from '../support/fakeClock.js';
import { numberedRecords, tapeOf } from '../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk, uploadStore, writePages } from '../support/stores/uploadStore.js';
import { never, openTapes, readAll } from './openTapes.js';
import { first, second, third, range, positions, preallocate, tapeBytes, withProxy } from './tapeChunks.js';

describe('following a source', () => {
  test('Following a source gives a record as soon as it is in the last chunk, and nothing twice', async () => {
    const container = await freshContainer();
    const source = openTapes(container);
    await preallocate(container, first, tapeOf(numberedRecords(1, 3)));
    let { records, cursor } = await readAll(source);
    expect(positions(records)).toEqual([1, 2, 3]);
    expect(await source.poll(cursor, never)).toBe(false);

    await writePages(
      container,
      first,
      0,
      Buffer.concat([tapeOf(numberedRecords(1, 20)), Buffer.alloc(tapeBytes)]).subarray(0, 4096),
    );
    expect(await source.poll(cursor, never)).toBe(true);
    ({ records, cursor } = await readAll(source, cursor));
    expect(positions(records)).toEqual(range(4, 20));
    expect(await source.poll(cursor, never)).toBe(false);
  });

  test.each([
    ['a listing was made since, for somebody else', 'isEmpty'],
    ['it is time to know whether only zeros follow', 'later'],
  ] as const)('Following a source gives a record that is written behind known zeros although %s', async (_, what) => {
    const container = await freshContainer();
    const clock = FakeClock.flowing();
    const source = openTapes(container, { clock });
    const write = (last: number): Promise<void> =>
      writePages(
        container,
        first,
        0,
        Buffer.concat([tapeOf(numberedRecords(1, last)), Buffer.alloc(4096)]).subarray(0, 4096),
      );
    await preallocate(container, first, tapeOf(numberedRecords(1, 3)));
    let { cursor } = await readAll(source);
    await write(4);
    expect(await source.poll(cursor, never)).toBe(true);
    ({ cursor } = await readAll(source, cursor));
    expect(cursor.position).toBe(5);

    if (what === 'isEmpty') await source.isEmpty(never);
    else clock.advance(5_000);
    await write(5);
    expect(await source.poll(cursor, never)).toBe(true);
    expect(positions((await readAll(source, cursor)).records)).toEqual([5]);
  });

  test('Following a source goes on into a new chunk, and sees what was written to the old one before that', async () => {
    const container = await freshContainer();
    const clock = FakeClock.flowing();
    const source = openTapes(container, { clock });
    await preallocate(container, first, tapeOf(numberedRecords(1, 3)));
    const { cursor } = await readAll(source);

    await preallocate(container, first, tapeOf(numberedRecords(1, 10)));
    await preallocate(container, second, tapeOf(numberedRecords(11, 12)));
    clock.advance(5_000);
    expect(await source.poll(cursor, never)).toBe(true);
    const read = await readAll(source, cursor);
    expect(positions(read.records)).toEqual(range(4, 12));
    expect(read.cursor.chunk).toBe(second);
  });

  test('Following a source waits for a torn frame in the last chunk to be finished', async () => {
    const container = await freshContainer();
    const source = openTapes(container);
    const tape = tapeOf(numberedRecords(1, 20, 100));
    await preallocate(container, first, tape.subarray(0, 1024));
    const { records, cursor, thrown } = await readAll(source);
    expect(records.length).toBeGreaterThan(0);
    expect(thrown).toBeUndefined();
    expect(await source.poll(cursor, never)).toBe(false);

    await preallocate(container, first, tape);
    const finished = await readAll(source, cursor);
    expect(positions(finished.records)).toEqual(range(records.length + 1, 20));
  });

  test('An empty container, a chunk without bytes and one without frames are read as nothing', async () => {
    const container = await freshContainer();
    const source = openTapes(container);
    expect(await source.isEmpty(never)).toBe(true);
    expect(await readAll(source)).toMatchObject({ records: [], cursor: beginning, thrown: undefined });
    expect(await source.poll(beginning, never)).toBe(false);

    const other = '00000000-2013-10-15-103000.dat';
    await uploadChunk(container, first, Buffer.alloc(0));
    await preallocate(container, other, Buffer.alloc(0));
    const again = openTapes(container);
    expect(await again.isEmpty(never)).toBe(true);
    expect(await readAll(again)).toMatchObject({ records: [], cursor: beginning, thrown: undefined });
    expect(await again.poll(beginning, never)).toBe(false);

    await preallocate(container, other, tapeOf(numberedRecords(1, 1)));
    expect(await again.poll(beginning, never)).toBe(true);
    expect(positions((await readAll(again)).records)).toEqual([1]);
    expect(await openTapes(container).isEmpty(never)).toBe(false);
  });

  test('A chunk whose first frame is bad, with a valid one behind it, does not count as empty', async () => {
    const container = await freshContainer();
    const tape = tapeOf(numberedRecords(1, 3));
    tape[20] = (tape[20] ?? 0) ^ 1;
    await uploadChunk(container, first, tape);
    const source = openTapes(container);
    expect(await source.isEmpty(never)).toBe(false);
    expect((await readAll(source)).thrown).toMatchObject({ kind: 'SourceCorrupt', facts: { chunk: first, offset: 0 } });
  });

  test('The bytes of a record that was read stay as they were', async () => {
    const container = await freshContainer();
    const source = openTapes(container, { minRangeBytes: 4096, maxRangeBytes: 4096 });
    await uploadChunk(container, first, tapeOf(numberedRecords(1, 500, 100)));
    const { records } = await readAll(source);
    const bodies = records.map(({ payload }) =>
      payload.kind === 'batch' ? Buffer.from(payload.messages.at(0)?.body ?? []).toString() : '',
    );
    expect(bodies).toEqual(range(1, 500).map((number) => String(number).padStart(100, '.')));
  });

  test('A batch ends at the number of records asked for', async () => {
    const container = await freshContainer();
    await uploadChunk(container, first, tapeOf(numberedRecords(1, 25)));
    const sizes: number[] = [];
    for await (const { records } of openTapes(container, { readRecords: 10 }).read(beginning, never))
      sizes.push([...records].length);
    expect(sizes).toEqual([10, 10, 5]);
  });

  test('Following a source goes on from the cursor of any batch in another process', async () => {
    const container = await freshContainer();
    await uploadStore(
      container,
      [
        [first, tapeOf(numberedRecords(1, 10))],
        [second, tapeOf(numberedRecords(11, 20))],
      ],
      'page',
    );
    for await (const { cursor } of openTapes(container, { readRecords: 3 }).read(beginning, never)) {
      const stored = JSON.parse(JSON.stringify(cursor)) as typeof cursor;
      const { records } = await readAll(openTapes(container), stored);
      expect(positions(records)).toEqual(range(cursor.position, 20));
    }
  });

  test('Following a source stops with the reason of the signal', async () => {
    const container = await freshContainer();
    await uploadChunk(container, first, tapeOf(numberedRecords(1, 3)));
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(readSome(openTapes(container).read(beginning, stop.signal))).rejects.toThrow('enough');
  });
});

async function readSome(batches: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of batches) return;
}

describe('the source', () => {
  test('The source is only ever read', async () => {
    const { container, proxy } = await withProxy();
    const source = openTapes(proxy.container, { clock: FakeClock.flowing() });
    await preallocate(container, first, tapeOf(numberedRecords(1, 10)));
    await uploadChunk(container, second, tapeOf(numberedRecords(11, 20)).subarray(0, -3));
    await uploadChunk(container, third, tapeOf(numberedRecords(20, 21)));
    const { cursor, records } = await readAll(source);
    expect(positions(records)).toEqual(range(1, 21));
    await source.poll(cursor, never);
    await source.lag(cursor, never);
    await source.isEmpty(never);
    await source.accept(third, cursor, never).catch(() => undefined);
    expect(proxy.calls.length).toBeGreaterThan(5);
    expect(new Set(proxy.calls.map(({ method }) => method))).toEqual(new Set(['GET']));
    expect(proxy.calls.every(({ headers }) => headers['x-ms-lease-id'] === undefined)).toBe(true);
  });

  test('The source is read through connections that break off in the middle of a body', async () => {
    const { container, proxy } = await withProxy();
    await uploadStore(
      container,
      [
        [first, tapeOf(numberedRecords(1, 10, 1000))],
        [second, tapeOf(numberedRecords(11, 20, 1000))],
      ],
      'page',
    );
    let reads = 0;
    proxy.tampering.cut = ({ about }) => about !== 'list' && ++reads % 2 === 1;
    const { records, thrown } = await readAll(openTapes(proxy.container));
    expect(thrown).toBeUndefined();
    expect(positions(records)).toEqual(range(1, 20));
  });
});
