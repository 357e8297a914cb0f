import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../src/core/clock.js';
import { FakeClock } from '../../support/fakeClock.js';
import { numberedRecords, tapeOf } from '../../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk } from '../../support/stores/uploadStore.js';
import { never, openTapes, readAll } from '../openTapes.js';
import { first, second, range, positions, preallocate, withProxy } from '../tapeChunks.js';

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
