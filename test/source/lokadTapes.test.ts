import type { ContainerClient } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';

import type { Clock } from '../../src/core/clock.js';
import { beginning } from '../../src/core/cursor.js';
import type { SourceRecord } from '../../src/core/record.js';
import { azuriteConnectionString } from '../support/services/azurite.js';
import { FakeClock } from '../support/fakeClock.js';
import { storageProxy } from '../support/faults/storageProxy.js';
import { numberedRecords, tapeOf } from '../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk, uploadStore, writePages } from '../support/stores/uploadStore.js';
import { never, openTapes, readAll } from './openTapes.js';

const first = '00000000-2013-10-15-093000.dat';
const second = '00000010-2013-10-15-103000.dat';
const third = '00000020-2013-10-15-113000.dat';
const tapeBytes = 512 * 1024;

/** A page blob of zeros with these bytes at its start. */
async function preallocate(container: ContainerClient, name: string, bytes: Buffer): Promise<void> {
  await uploadChunk(container, name, Buffer.concat([bytes, Buffer.alloc(tapeBytes - bytes.length)]), 'page');
}

/** Three chunks of ten records each. */
async function uploadThreeChunks(container: ContainerClient): Promise<void> {
  for (const [name, from] of [
    [first, 1],
    [second, 11],
    [third, 21],
  ] as const) {
    await uploadChunk(container, name, tapeOf(numberedRecords(from, from + 9)));
  }
}

function positions(records: readonly SourceRecord[]): number[] {
  return records.map(({ position }) => position);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

async function withProxy() {
  const container = await freshContainer();
  return { container, proxy: await storageProxy(container, azuriteConnectionString()) };
}

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
      payload.kind === 'batch' ? Buffer.from(payload.messages[0]?.body ?? []).toString() : '',
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

describe.each([7, 0])('a frame larger than a range, of bytes that are %i', (byte) => {
  const large = tapeOf([
    ...numberedRecords(1, 2),
    { messages: [['Large', Buffer.alloc(500 * 1024, byte)]] },
    ...numberedRecords(4, 5),
  ]);
  const small = { minRangeBytes: 64 * 1024, maxRangeBytes: 64 * 1024 };

  test('A frame larger than a range is read in the last chunk', async () => {
    const container = await freshContainer();
    await uploadChunk(container, first, large);
    const { records, thrown } = await readAll(openTapes(container, small));
    expect(thrown).toBeUndefined();
    expect(positions(records)).toEqual(range(1, 5));
  });

  test('A frame larger than a range is found where the target names it', async () => {
    const container = await freshContainer();
    await uploadChunk(container, first, large);
    const [, , record] = (await readAll(openTapes(container, small))).records;
    const named = record ?? expect.fail('it was not read');
    const sha1 = Buffer.from(named.sha1).toString('hex').slice(0, 16);
    const mark = { v: 1, source: 'billing', index: 0, count: 1, settings: '', ...named, sha1 } as const;
    const { record: found } = await openTapes(container, small).locate(mark, undefined, never);
    const { chunk, offset, frameBytes } = named;
    expect(found).toMatchObject({ chunk, offset, frameBytes, sha1: named.sha1 });
  });

  test('A frame larger than a range is read in an older chunk', async () => {
    const container = await freshContainer();
    await uploadStore(
      container,
      [
        [first, large],
        ['00000005-2013-10-15-103000.dat', tapeOf(numberedRecords(6, 7))],
      ],
      'page',
    );
    const { records, thrown } = await readAll(openTapes(container, small));
    expect(thrown).toBeUndefined();
    expect(positions(records)).toEqual(range(1, 7));
  });
});

describe('a chunk that changes while it is read', () => {
  test('A chunk that is truncated before the cursor between two ranges is read exactly', async () => {
    const { container, proxy } = await withProxy();
    const tape = tapeOf(numberedRecords(1, 300, 100));
    await preallocate(container, first, tape);
    await preallocate(container, '00000300-2013-10-15-103000.dat', tapeOf(numberedRecords(301, 302)));
    let ranges = 0;
    proxy.tampering.before = async ({ about }) => {
      if (about !== first || ++ranges !== 4) return;
      await container.getPageBlobClient(first).resize(Math.ceil(tape.length / 512) * 512);
    };
    const ranged = { minRangeBytes: 8192, maxRangeBytes: 8192 };
    const { records, thrown } = await readAll(openTapes(proxy.container, ranged));
    expect(thrown).toBeUndefined();
    expect(ranges).toBeGreaterThan(4);
    expect(positions(records)).toEqual(range(1, 302));
  });

  test('A chunk is read on when a listing shows that it went on after its end was found', async () => {
    const { container, proxy } = await withProxy();
    await uploadChunk(container, first, tapeOf(numberedRecords(1, 10)));
    await uploadChunk(container, second, tapeOf(numberedRecords(11, 20)));
    await uploadChunk(container, third, tapeOf(numberedRecords(31, 40)));
    const clock = FakeClock.flowing();
    let reads = 0;
    proxy.tampering.before = async ({ about }) => {
      if (about === second && ++reads === 1)
        clock.advance(300_000); // all names are listed before it is left
      else if (about === 'list' && reads === 1) await uploadChunk(container, second, tapeOf(numberedRecords(11, 30)));
    };
    const { records, thrown } = await readAll(openTapes(proxy.container, { clock }));
    expect(thrown).toBeUndefined();
    expect(records.map(({ stamp }) => stamp)).toEqual(range(1, 40).map(BigInt));
  });

  test('A chunk that grows between two ranges is read exactly', async () => {
    const { container, proxy } = await withProxy();
    await preallocate(container, first, tapeOf(numberedRecords(1, 200, 100)));
    let ranges = 0;
    proxy.tampering.before = async ({ about }) => {
      if (about === first && ++ranges === 3) await preallocate(container, first, tapeOf(numberedRecords(1, 400, 100)));
    };
    const ranged = { minRangeBytes: 8192, maxRangeBytes: 8192 };
    const { records, thrown } = await readAll(openTapes(proxy.container, ranged));
    expect(thrown).toBeUndefined();
    expect(positions(records)).toEqual(range(1, 400));
  });
});

describe('a listing that lags behind', () => {
  test('A listing that is out of date is made again before records are called missing', async () => {
    const { container, proxy } = await withProxy();
    await uploadThreeChunks(container);
    let listings = 0;
    const blob = new RegExp(`<Blob><Name>${second}</Name>.*?</Blob>`, 's');
    proxy.tampering.listing = (_, xml) => (++listings === 1 ? xml.replace(blob, '') : xml);
    const { records, thrown } = await readAll(openTapes(proxy.container));
    expect(thrown).toBeUndefined();
    expect(positions(records)).toEqual(range(1, 30));
    expect(records.map(({ stamp }) => stamp)).toEqual(range(1, 30).map(BigInt));
  });
});

describe('what a poll costs', () => {
  test.each([10, 60])('A poll costs one conditional read, and a listing every 5 s, with %i chunks', async (count) => {
    const { container, proxy } = await withProxy();
    const names = range(0, count - 1).map((index) => `${String(index * 2).padStart(8, '0')}-2013-10-15-093000.dat`);
    await Promise.all(
      names.map((name, index) => uploadChunk(container, name, tapeOf(numberedRecords(2 * index + 1, 2 * index + 2)))),
    );
    await preallocate(container, names.at(-1) ?? '', tapeOf(numberedRecords(2 * count - 1, 2 * count)));
    const clock = FakeClock.flowing();
    const source = openTapes(proxy.container, { clock });
    const { cursor } = await readAll(source);
    expect(cursor.position).toBe(2 * count + 1);

    proxy.taken();
    const polls = 20;
    for (let poll = 0; poll < polls; poll++) {
      clock.advance(500);
      expect(await source.poll(cursor, never)).toBe(false);
    }
    const calls = proxy.taken();
    const listings = calls.filter(({ about }) => about === 'list');
    const reads = calls.filter(({ about }) => about !== 'list');
    expect(reads).toHaveLength(polls);
    expect(reads.every(({ headers, status }) => headers['if-none-match'] !== undefined && status === 304)).toBe(true);
    expect(listings).toHaveLength(2);
    expect(listings.every(({ query }) => query.get('startFrom') !== null)).toBe(true);
  });

  test('A poll includes a listing each time once the next frame needs a new chunk', async () => {
    const { container, proxy } = await withProxy();
    await uploadChunk(container, first, tapeOf(numberedRecords(1, 10)));
    const clock = FakeClock.flowing();
    const source = openTapes(proxy.container, { clock });
    const { cursor } = await readAll(source);
    await uploadChunk(container, second, tapeOf(numberedRecords(11, 12)));
    proxy.taken();
    expect(await source.poll(cursor, never)).toBe(true);
    expect(proxy.taken().map(({ about }) => about)).toEqual(['list']);
  });

  test('A poll includes a listing every 5 s also after the clock was set back by a day', async () => {
    const container = await freshContainer();
    await preallocate(container, first, tapeOf(numberedRecords(1, 3)));
    const time = FakeClock.flowing();
    let backMs = 0;
    const clock: Clock = {
      now: () => time.now() - backMs,
      elapsed: () => time.elapsed(),
      sleep: (ms, signal) => time.sleep(ms, signal),
      after: (ms, callback) => time.after(ms, callback),
    };
    const source = openTapes(container, { clock });
    const { cursor } = await readAll(source);
    backMs = 86_400_000;
    await preallocate(container, second, tapeOf(numberedRecords(4, 5)));
    time.advance(5_000);
    expect(await source.poll(cursor, never)).toBe(true);
  });

  test('A poll costs one read when there is something new, which the reading does not make again', async () => {
    const { container, proxy } = await withProxy();
    await preallocate(container, first, tapeOf(numberedRecords(1, 3)));
    const source = openTapes(proxy.container, { clock: FakeClock.flowing() });
    const { cursor } = await readAll(source);
    await preallocate(container, first, tapeOf(numberedRecords(1, 6)));
    proxy.taken();
    expect(await source.poll(cursor, never)).toBe(true);
    const { records } = await readAll(source, cursor);
    expect(positions(records)).toEqual([4, 5, 6]);
    expect(proxy.taken().map(({ method, about }) => `${method} ${about}`)).toEqual([`GET ${first}`]);
  });

  test('A poll looks behind zeros within 5 s of a change, so that nothing hides behind a hole', async () => {
    const { container } = await withProxy();
    const clock = FakeClock.flowing();
    const source = openTapes(container, { clock });
    const tape = tapeOf(numberedRecords(1, 3));
    await preallocate(container, first, tape);
    const { cursor } = await readAll(source);
    const hole = Buffer.concat([tape, Buffer.alloc(200 * 1024), tapeOf(numberedRecords(4, 5))]);
    await preallocate(container, first, hole);
    expect(await source.poll(cursor, never)).toBe(true);
    expect((await readAll(source, cursor)).thrown).toBeUndefined();
    expect(await source.poll(cursor, never)).toBe(false);
    clock.advance(5_000);
    expect(await source.poll(cursor, never)).toBe(true);
    expect((await readAll(source, cursor)).thrown).toMatchObject({
      kind: 'SourceCorrupt',
      facts: { chunk: first, offset: tape.length },
    });
  });
});

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

describe('a copy that has not succeeded', () => {
  test('A copy that has not succeeded is not read, nor what follows it, although the listing did not show yet that it is one', async () => {
    const { container, proxy } = await withProxy();
    await uploadChunk(container, first, tapeOf(numberedRecords(1, 10)));
    await uploadChunk(container, second, tapeOf(numberedRecords(11, 20)));
    proxy.tampering.headers = ({ about }, headers) => {
      if (about === first) headers['x-ms-copy-status'] = 'pending';
    };
    const source = openTapes(proxy.container);
    const { records, cursor } = await readAll(source);
    expect(records).toEqual([]);
    delete proxy.tampering.headers;
    expect(positions((await readAll(source, cursor)).records)).toEqual(range(1, 20));
  });

  test.each(['pending', 'aborted', 'failed'])(
    'A copy that has not succeeded is not read, nor what follows it, and is named (%s)',
    async (state) => {
      const { container, proxy } = await withProxy();
      await uploadThreeChunks(container);
      const copying = `<CopyId>1</CopyId><CopyStatus>${state}</CopyStatus>`;
      proxy.tampering.listing = (_, xml) =>
        xml.replace(new RegExp(`(<Name>${second}</Name>.*?<Properties>)`, 's'), `$1${copying}`);
      const source = openTapes(proxy.container);
      const { records, cursor, thrown } = await readAll(source);
      expect(thrown).toMatchObject({ kind: 'SourceIncomplete', facts: { chunk: second, copyStatus: state } });
      expect(positions(records)).toEqual(range(1, 10));
      expect(await source.poll(cursor, never)).toBe(true);

      delete proxy.tampering.listing;
      expect(positions((await readAll(openTapes(proxy.container), cursor)).records)).toEqual(range(11, 30));
    },
  );
});
