import type { ContainerClient } from '@azure/storage-blob';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';

import { beginning } from '../../../src/core/cursor.js';
import { BlobReader } from '../../../src/source/reading/blobReader.js';
import { ReadAhead, type Fetch, type ReadAheadLimits } from '../../../src/source/reading/readAhead.js';
import { MemoryContainer } from '../../support/stores/memoryContainer.js';
import { numberedRecords, tapeOf } from '../../support/stores/tapeWriter.js';
import { eventually } from '../../support/waits.js';
import { never, openTapes } from '../openTapes.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));

interface Asked {
  readonly chunk: string;
  readonly count: number;
  answer: () => void;
}

/** Storage that answers a read when the test says so. */
function heldStorage() {
  const asked: Asked[] = [];
  const client = {
    getBlobClient: (chunk: string) => ({
      download: (start: number, count: number) =>
        new Promise((resolve) => {
          const answer = (): void =>
            resolve({
              contentLength: count,
              contentRange: `bytes ${start}-${start + count - 1}/${start + count}`,
              etag: '"0x1"',
              lastModified: new Date(0),
              date: new Date(0),
              readableStreamBody: Readable.from([Buffer.alloc(count, 7)]),
            });
          asked.push({ chunk, count, answer });
        }),
    }),
  };
  return { asked, reader: new BlobReader(client as unknown as ContainerClient) };
}

function fetchOf(chunk: string, count = 100, start = 0): Fetch {
  return { chunk, start, count, listing: 1, hadSuccessor: true };
}

function open(limits: Partial<ReadAheadLimits> = {}) {
  const { asked, reader } = heldStorage();
  const ahead = new ReadAhead(reader, { bytes: 1_000, calls: 6, ...limits });
  return { asked, ahead, names: () => asked.map(({ chunk }) => chunk) };
}

/** Takes a range that is waited for, which is how it is learnt that more should be fetched ahead. */
async function takeLate(ahead: ReadAhead, asked: readonly Asked[], chunk: string, count = 100): Promise<void> {
  ahead.begin(fetchOf(chunk, count), never);
  const taking = ahead.take(fetchOf(chunk, count), never);
  asked.find((each) => each.chunk === chunk)?.answer();
  await taking;
}

describe('Reading ahead', () => {
  test('Reading ahead asks for a range once, before it is taken', async () => {
    const { ahead, asked, names } = open();
    expect(ahead.begin(fetchOf('a'), never)).toBe(true);
    expect(ahead.begin(fetchOf('a'), never)).toBe(true);
    expect(ahead.isReady(fetchOf('a'))).toBe(false);
    asked[0]?.answer();
    await eventually('the range to lie ready', () => expect(ahead.isReady(fetchOf('a'))).toBe(true));
    const { answer } = await ahead.take(fetchOf('a'), never);
    expect(answer).toMatchObject({ kind: 'bytes', read: { chunk: 'a' } });
    expect(names()).toEqual(['a']);
  });

  test('Reading ahead has one range on its way at first, and one more whenever it had to wait for one, up to its limit', async () => {
    const { ahead, asked } = open({ calls: 3, bytes: 1_000_000 });
    const begun = (round: number): number => {
      const names = ['b', 'c', 'd', 'e', 'f'].map((name) => `${name}${round}`);
      return names.filter((name) => ahead.begin(fetchOf(name), never)).length;
    };
    const depths: number[] = [];
    for (let round = 0; round < 4; round++) {
      depths.push(begun(round));
      ahead.drop();
      await takeLate(ahead, asked, `late${round}`);
      ahead.drop();
    }
    expect(depths).toEqual([1, 2, 3, 3]);
  });

  test('Reading ahead has fewer ranges on their way when several lie ready', async () => {
    const { ahead, asked } = open({ bytes: 1_000_000 });
    await takeLate(ahead, asked, 'late');
    expect([fetchOf('a'), fetchOf('b')].map((fetch) => ahead.begin(fetch, never))).toEqual([true, true]);
    for (const { answer } of asked) answer();
    await eventually('the second range to lie ready', () => expect(ahead.isReady(fetchOf('b'))).toBe(true));
    await ahead.take(fetchOf('a'), never);
    await ahead.take(fetchOf('b'), never);
    expect([fetchOf('c'), fetchOf('d')].map((fetch) => ahead.begin(fetch, never))).toEqual([true, false]);
  });

  test('Reading ahead asks for no more bytes than its budget, but for one range, however large', async () => {
    const { ahead, asked, names } = open({ bytes: 1_000 });
    for (const late of ['x', 'y', 'z']) await takeLate(ahead, asked, late);
    expect(ahead.begin(fetchOf('a', 600), never)).toBe(true);
    expect(ahead.begin(fetchOf('b', 600), never)).toBe(false);
    expect(ahead.begin(fetchOf('c', 400), never)).toBe(true);
    expect(names().slice(3)).toEqual(['a', 'c']);
    ahead.drop();
    expect(ahead.begin(fetchOf('large', 5_000), never)).toBe(true);
    expect(ahead.begin(fetchOf('d', 1), never)).toBe(false);
  });

  test('Reading ahead reads anew what was fetched from another place or is too short', async () => {
    const { ahead, asked, names } = open();
    ahead.begin(fetchOf('a', 100, 500), never);
    const taking = ahead.take(fetchOf('a', 100, 200), never);
    await settled();
    for (const { answer } of asked) answer();
    expect((await taking).request.start).toBe(200);
    expect(names()).toEqual(['a', 'a']);
  });

  test('Reading ahead keeps a failure, and nothing else, for the caller that takes the range', async () => {
    const failing = { getBlobClient: () => ({ download: () => Promise.reject(new Error('no storage')) }) };
    const ahead = new ReadAhead(new BlobReader(failing as unknown as ContainerClient), { bytes: 1_000, calls: 6 });
    ahead.begin(fetchOf('a'), never);
    await settled();
    await expect(ahead.take(fetchOf('a'), never)).rejects.toMatchObject({ kind: 'SourceUnreachable' });
  });
});

/** A container in memory that notes what is asked for, and how much of it is under way at once. */
class WatchedContainer extends MemoryContainer {
  readonly asked: { readonly chunk: string; readonly start: number; readonly count: number }[] = [];
  /** Called at each read, before it is answered. */
  noted: (chunk: string) => void = () => undefined;

  override get client(): ContainerClient {
    const real = super.client;
    const watched = {
      containerName: real.containerName,
      accountName: real.accountName,
      listBlobsFlat: () => real.listBlobsFlat(),
      getBlobClient: (chunk: string) => ({
        download: (...given: [start: number, count: number]) => {
          this.asked.push({ chunk, start: given[0], count: given[1] });
          this.noted(chunk);
          return real.getBlobClient(chunk).download(...given);
        },
      }),
    };
    return watched as unknown as ContainerClient;
  }

  counts(chunk: string): number[] {
    return this.asked.filter((each) => each.chunk === chunk).map(({ count }) => count);
  }
}

function chunkName(index: number, records: number): string {
  return `${String(index * records).padStart(8, '0')}-2013-10-15-${String(index).padStart(6, '0')}.dat`;
}

describe('A source', () => {
  const kib = 1024;
  /** 16 MB. */
  const largeTape = tapeOf(numberedRecords(1, 8_000, 2_000));

  test('A source reads 64 KiB of the last chunk near the head, and up to 4 MiB at a time in a backlog', async () => {
    const name = chunkName(0, 1);
    const container = new WatchedContainer(new Map([[name, largeTape]]));
    let read = 0;
    for await (const { records } of openTapes(container.client).read(beginning, never)) read += [...records].length;
    expect(read).toBe(8_000);
    const counts = container.counts(name);
    const inOrder = counts.filter((count, index) => index === 0 || count !== counts[index - 1]);
    expect(inOrder.slice(-4)).toEqual([64 * kib, 256 * kib, 1_024 * kib, 4_096 * kib]);
    expect(container.largestRequest).toBe(4_096 * kib);
  });

  test('A source reads no more of an older chunk than is left of it', async () => {
    const tapes = [0, 100, 200].map((from) => tapeOf(numberedRecords(from + 1, from + 100, 2_000)));
    const names = tapes.map((_, index) => chunkName(index, 100));
    const container = new WatchedContainer(new Map(tapes.map((tape, index) => [names[index] ?? '', tape])));
    for await (const { records } of openTapes(container.client).read(beginning, never)) Array.from(records);
    // The first and the last chunk are also looked at to know the format of their frames.
    expect(container.counts(names[1] ?? '')).toEqual([tapes[1]?.length]);
  });

  test('A source fetches the next range of a large chunk while the caller works on the records of the one before', async () => {
    const container = new WatchedContainer(new Map([[chunkName(0, 1), largeTape]]));
    let batches = 0;
    for await (const { records, cursor } of openTapes(container.client).read(beginning, never)) {
      Array.from(records);
      batches++;
      const { start } = container.asked.at(-1) ?? { start: 0 };
      if (cursor.offset < largeTape.length) expect(start).toBeGreaterThanOrEqual(cursor.offset - 20);
    }
    expect(batches).toBeGreaterThan(4);
  });

  test('A source fetches the chunks that follow while the caller works on the records of one', async () => {
    const chunks = Array.from({ length: 12 }, (_, index) => {
      return [chunkName(index, 600), tapeOf(numberedRecords(index * 600 + 1, index * 600 + 600, 1_000))] as const;
    });
    const container = new WatchedContainer(new Map(chunks));
    const asked = new Set<string>();
    container.noted = (chunk) => asked.add(chunk);
    const before: number[] = [];
    for await (const { records, cursor } of openTapes(container.client).read(beginning, never)) {
      Array.from(records);
      await settled(); // as while requests are in flight
      const held = chunks.findIndex(([name]) => name === cursor.chunk);
      before.push(chunks.filter(([name], index) => index > held && asked.has(name)).length);
    }
    expect(before.slice(0, -3).every((count) => count > 0)).toBe(true);
    expect(Math.max(...before)).toBeLessThanOrEqual(7);
  });

  test('A source fetches ahead within its budget of bytes', async () => {
    const chunks = Array.from({ length: 8 }, (_, index) => {
      return [chunkName(index, 100), tapeOf(numberedRecords(index * 100 + 1, index * 100 + 100, 1_000))] as const;
    });
    const [[, { length: chunkBytes }]] = chunks as [(typeof chunks)[number]];
    const container = new WatchedContainer(new Map(chunks));
    const readAheadBytes = 2.5 * chunkBytes;
    const asked = new Set<string>();
    container.noted = (chunk) => asked.add(chunk);
    let most = 0;
    for await (const { records, cursor } of openTapes(container.client, { readAheadBytes }).read(beginning, never)) {
      Array.from(records);
      const held = chunks.findIndex(([name]) => name === cursor.chunk);
      // The last chunk is also looked at to know the format of its frames.
      most = Math.max(most, chunks.slice(0, -1).filter(([name], index) => index > held && asked.has(name)).length);
    }
    expect(most).toBe(2);
  });
});
