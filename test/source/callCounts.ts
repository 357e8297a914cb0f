import { describe, expect, test } from 'vitest';

import { beginning } from '../../src/core/cursor.js';
import type { Mark } from '../../src/core/mark.js';
import { FakeClock } from '../support/fakeClock.js';
import { manyChunks } from '../support/stores/manyChunks.js';
import { never, openTapes, readAll } from './openTapes.js';

/** The mark of the record in a chunk of {@link manyChunks}. */
async function markIn(many: Awaited<ReturnType<typeof manyChunks>>, index: number): Promise<Mark> {
  const chunk = many.names[index] ?? '';
  const mark: Mark = {
    ...{ v: 1, source: 's', position: index + 1, index: 0, count: 1, key: 'user:1', sha1: '', chunk, offset: 0 },
    settings: '00000000',
  };
  const { record } = await openTapes(many.container).locate(mark, undefined, never);
  many.calls.length = 0;
  return { ...mark, sha1: Buffer.from(record.sha1).toString('hex').slice(0, 16) };
}

/**
 * Tests of what the calls of a store cost, however many chunks it has.
 *
 * @param maxRead so many chunks of it are read to their end
 */
export function testCallsOf(counts: readonly number[], maxRead: number): void {
  describe.each(counts)('a store of %i chunks', (count) => {
    test('A store is resumed without a checkpoint with at most 3 calls beside the listing', async () => {
      const many = await manyChunks(count);
      const mark = await markIn(many, count - 1);
      const source = openTapes(many.container);
      const { cursor } = await source.locate(mark, undefined, never);
      expect(many.calls).toEqual([mark.chunk]);
      const { records, cursor: head, thrown } = await readAll(source, cursor);
      expect(thrown).toBeUndefined();
      expect(records).toEqual([]);
      expect(head).toMatchObject({ position: count + 1, memory: { namesBefore: { count: count - 1 } } });
      const listings = many.calls.filter((call) => call === 'list').length;
      expect(listings).toBe(Math.ceil(count / 500));
      expect(many.calls.length - listings).toBeLessThanOrEqual(3);
    });

    test('A store that is caught up costs at most two calls a poll', async () => {
      const many = await manyChunks(count);
      const mark = await markIn(many, count - 1);
      const clock = FakeClock.flowing();
      const source = openTapes(many.container, { clock });
      const { cursor } = await source.locate(mark, undefined, never);
      const head = await readAll(source, cursor);
      for (let poll = 0; poll < 20; poll++) {
        clock.advance(500);
        many.calls.length = 0;
        expect(await source.poll(head.cursor, never)).toBe(false);
        expect(many.calls.length).toBeLessThanOrEqual(2);
      }
    });

    test('A store is read to its end, each chunk with one call', async () => {
      const many = await manyChunks(Math.min(count, maxRead));
      const { records, cursor, thrown } = await readAll(openTapes(many.container), beginning);
      expect(thrown).toBeUndefined();
      expect(records.map(({ position, chunk }) => `${position} ${chunk}`)).toEqual(
        many.names.map((name, index) => `${index + 1} ${name}`),
      );
      expect(cursor.memory?.left).toHaveLength(8);
      const reads = many.calls.filter((call) => call !== 'list');
      // Beside them: the probes of the oldest and the newest chunk.
      expect(reads.length).toBeLessThanOrEqual(many.names.length + 2);
    });
  });
}

/** The records of small chunks are given out several chunks at a time. */
export async function expectFewBatches(chunks: number): Promise<void> {
  const many = await manyChunks(chunks);
  let batches = 0;
  for await (const { records } of openTapes(many.container).read(beginning, never))
    if ([...records].length > 0) batches++;
  expect(batches).toBeLessThan(chunks);
}
