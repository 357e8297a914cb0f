import type { ContainerClient } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../support/fakeClock.js';
import { numberedRecords, tapeOf } from '../../support/stores/tapeWriter.js';
import { uploadChunk } from '../../support/stores/uploadStore.js';
import { never, openTapes, readAll } from '../openTapes.js';
import { first, second, third, range, positions, preallocate, withProxy } from '../tapeChunks.js';

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

describe('a copy that has not succeeded', () => {
  test('A copy that has not succeeded is not read, nor what follows it, and is named, although the listing did not show yet that it is one', async () => {
    const { container, proxy } = await withProxy();
    await uploadChunk(container, first, tapeOf(numberedRecords(1, 10)));
    await uploadChunk(container, second, tapeOf(numberedRecords(11, 20)));
    proxy.tampering.headers = ({ about }, headers) => {
      if (about === first) headers['x-ms-copy-status'] = 'pending';
    };
    const source = openTapes(proxy.container);
    const { records, cursor, thrown } = await readAll(source);
    expect(records).toEqual([]);
    expect(thrown).toMatchObject({ kind: 'SourceIncomplete', facts: { chunk: first, copyStatus: 'pending' } });
    delete proxy.tampering.headers;
    expect(positions((await readAll(source, cursor)).records)).toEqual(range(1, 20));
  });

  test('A copy that has succeeded by the time of a second look is read, and nobody is told', async () => {
    const { container, proxy } = await withProxy();
    await uploadChunk(container, first, tapeOf(numberedRecords(1, 10)));
    const source = openTapes(proxy.container);
    await source.isEmpty(never); // looks into the chunk to learn its variant
    let looks = 0;
    proxy.tampering.headers = ({ about }, headers) => {
      if (about === first && ++looks === 1) headers['x-ms-copy-status'] = 'pending';
    };
    const { records, thrown } = await readAll(source);
    expect(looks).toBe(2);
    expect(thrown).toBeUndefined();
    expect(positions(records)).toEqual(range(1, 10));
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
