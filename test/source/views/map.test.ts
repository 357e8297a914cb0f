import { describe, expect, test } from 'vitest';

import { beginning } from '../../../src/core/cursor.js';
import { manyChunks } from '../../support/stores/manyChunks.js';
import { never, openTapes } from '../openTapes.js';

describe('The map of the chunks', () => {
  test('The map of the chunks shows the chunk of the cursor, some on either side, and how much of each is read', async () => {
    const { container, names } = await manyChunks(100);
    const source = openTapes(container);
    const cursor = { chunk: names[50] ?? '', offset: 10, sha1: '', position: 51 };
    const map = await source.chunkMap(cursor, never);
    const [bytes = 0] = map.around.map((chunk) => chunk.bytes);
    expect(map).toMatchObject({ chunks: 100, bytes: 100 * bytes, readChunks: 50, readBytes: 50 * bytes + 10 });
    expect(map.around.map(({ name }) => name)).toEqual(names.slice(44, 57));
    expect(map.around.map(({ readBytes }) => readBytes)).toEqual([
      ...Array.from({ length: 6 }, () => bytes),
      10,
      ...Array.from({ length: 6 }, () => 0),
    ]);
  });

  test('The map of the chunks shows the first chunks while nothing is read', async () => {
    const { container, names } = await manyChunks(3);
    const map = await openTapes(container).chunkMap(beginning, never);
    expect(map).toMatchObject({ chunks: 3, readChunks: 0, readBytes: 0 });
    expect(map.around.map(({ name, readBytes }) => [name, readBytes])).toEqual(names.map((name) => [name, 0]));
  });

  test('The map of the chunks costs no call when the listing is fresh', async () => {
    const { container, calls } = await manyChunks(10);
    const source = openTapes(container);
    await source.lag(beginning, never);
    const before = calls.length;
    await source.chunkMap(beginning, never);
    expect(calls).toHaveLength(before);
  });
});
