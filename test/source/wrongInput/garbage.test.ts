import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/core/failure.js';
import { storageProxy } from '../../support/faults/storageProxy.js';
import { azuriteConnectionString } from '../../support/services/azurite.js';
import { numberedRecords, tapeOf } from '../../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk } from '../../support/stores/uploadStore.js';
import { openTapes, readAll } from '../openTapes.js';
import { first, second, threeChunks, range, positions } from '../tapeChunks.js';
import { threeChunkStore } from './caughtUp.js';

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
