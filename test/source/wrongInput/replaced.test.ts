import { describe, expect, test } from 'vitest';
import type { Mark } from '../../../src/core/mark.js';
import { numberedRecords, tapeOf } from '../../support/stores/tapeWriter.js';
import { uploadChunk } from '../../support/stores/uploadStore.js';
import { markOf, never, openTapes, readAll } from '../openTapes.js';
import { first, second, third, threeChunks, range, positions } from '../tapeChunks.js';
import { threeChunkStore, caughtUp, stopsOf } from './caughtUp.js';

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
