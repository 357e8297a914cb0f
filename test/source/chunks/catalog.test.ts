import { describe, expect, test } from 'vitest';

import { Failure } from '../../../src/core/failure.js';
import { ChunkCatalog } from '../../../src/source/chunks/catalog.js';
import { Eras } from '../../../src/source/chunks/order.js';
import { FakeClock } from '../../support/fakeClock.js';
import { numberedRecords, tapeOf } from '../../support/tapeWriter.js';
import { freshContainer, uploadChunk } from '../../support/uploadStore.js';
import { never } from '../openTapes.js';

const names = ['00000000-2013-10-15-093000.dat', '00000003-2013-10-15-103000.dat'];

describe('a listing', () => {
  test('A listing that fails while a chunk is looked into does not count: the next one is due at once', async () => {
    const container = await freshContainer();
    for (const name of names) await uploadChunk(container, name, tapeOf(numberedRecords(1, 3)));
    let isDown = true;
    const eras = new Eras(() => {
      if (isDown) throw new Failure('SourceUnreachable', 'the container cannot be reached');
      return Promise.resolve('varint');
    });
    const catalog = new ChunkCatalog(container, eras, FakeClock.flowing());
    await expect(catalog.listAll(never)).rejects.toMatchObject({ kind: 'SourceUnreachable' });
    expect(catalog).toMatchObject({ listing: 0, fullAt: -Infinity, listedAt: -Infinity });
    isDown = false;
    await catalog.listAll(never);
    expect(catalog.ordered.map(({ name }) => name)).toEqual(names);
    expect(catalog.listing).toBe(1);
  });
});
