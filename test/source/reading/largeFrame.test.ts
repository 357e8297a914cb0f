import { describe, expect, test } from 'vitest';
import { numberedRecords, tapeOf } from '../../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk, uploadStore } from '../../support/stores/uploadStore.js';
import { never, openTapes, readAll } from '../openTapes.js';
import { first, range, positions } from '../tapeChunks.js';

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
