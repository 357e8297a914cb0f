import { describe, expect, test } from 'vitest';

import { cursorAfter } from '../../../src/core/record.js';
import { FakeClock } from '../../support/fakeClock.js';
import { numberedRecords, tapeOf } from '../../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk } from '../../support/stores/uploadStore.js';
import { never, openTapes, readAll } from '../openTapes.js';

const first = '00000000-2013-10-15-093000.dat';
const second = '00000003-2013-10-15-103000.dat';
const third = '00000006-2013-10-15-113000.dat';

/** Two chunks that were read to their end, and a cursor that was set back behind the second record. */
async function setBack() {
  const container = await freshContainer();
  await uploadChunk(container, first, tapeOf(numberedRecords(1, 3)));
  await uploadChunk(container, third, tapeOf(numberedRecords(4, 6)));
  const { records, cursor } = await readAll(openTapes(container, { onDamage: 'skip' }));
  const [, record] = records;
  if (!record) throw new Error('nothing was read');
  const { memory } = cursor;
  expect(memory).toMatchObject({ left: [{ chunk: first }], namesBefore: { chunk: third } });
  return { container, back: cursorAfter({ ...record, memory }) };
}

/** Two chunks that were read to their end, and one between them that came later and holds no frame yet. */
async function emptyBehind() {
  const container = await freshContainer();
  await uploadChunk(container, first, tapeOf(numberedRecords(1, 3)));
  await uploadChunk(container, third, tapeOf(numberedRecords(4, 7)));
  const clock = FakeClock.flowing();
  const source = openTapes(container, { clock, onDamage: 'skip' });
  const { cursor: before } = await readAll(source);
  await uploadChunk(container, second, Buffer.alloc(512));
  clock.advance(300_000);
  const { cursor } = await readAll(source, before);
  expect(cursor.memory?.left?.map(({ chunk }) => chunk)).toContain(second);
  return { container, clock, source, cursor };
}

describe('a cursor that was set back', () => {
  test('A cursor that was set back is not stopped by a chunk that went on where it will be read again', async () => {
    const { container, back } = await setBack();
    await uploadChunk(container, first, tapeOf(numberedRecords(1, 3).concat(numberedRecords(99, 99))));
    const { records, thrown } = await readAll(openTapes(container, { onDamage: 'skip' }), back);
    expect(thrown).toBeUndefined();
    expect(records.map(({ stamp }) => stamp)).toEqual([3n, 99n, 4n, 5n, 6n]);
  });

  test('A cursor that was set back is not stopped by a new chunk in front of it', async () => {
    const { container, back } = await setBack();
    await uploadChunk(container, second, tapeOf(numberedRecords(99, 99)));
    const { records, thrown } = await readAll(openTapes(container, { onDamage: 'skip' }), back);
    expect(thrown).toBeUndefined();
    expect(records.map(({ stamp }) => stamp)).toEqual([3n, 99n, 4n, 5n, 6n]);
  });
});

describe('a chunk that appeared before the cursor before it had a frame', () => {
  test('A chunk that appeared before the cursor before it had a frame is no finding any more once it was accepted, although the process goes on', async () => {
    const { container, clock, source, cursor } = await emptyBehind();
    await uploadChunk(container, second, tapeOf(numberedRecords(99, 99)));
    const { thrown } = await readAll(openTapes(container), cursor);
    expect(thrown).toMatchObject({ kind: 'SourceForked', facts: { chunk: second } });
    const accepted = await openTapes(container).accept(second, cursor, never);
    clock.advance(300_000);
    const read = await readAll(source, accepted);
    expect(read.records.map(({ stamp }) => stamp)).toEqual([99n]);
    await uploadChunk(container, '00000008-2013-10-15-123000.dat', tapeOf(numberedRecords(8, 8)));
    clock.advance(300_000);
    const next = await readAll(source, read.cursor);
    expect(next.thrown).toBeUndefined();
    expect((await readAll(openTapes(container), next.cursor)).thrown).toBeUndefined();
  });
});

describe('a chunk that was looked at where it had been left', () => {
  test('A chunk that was looked at where it had been left is looked at again where it is left once more, although it is the same', async () => {
    const { container, clock, source, cursor } = await emptyBehind();
    await uploadChunk(container, second, tapeOf(numberedRecords(98, 99)));
    const last = (await readAll(openTapes(container))).records[4] ?? expect.fail('it was not read');
    const { chunk, offset, sha1 } = cursorAfter(last);
    const end = { chunk, offset, sha1, etag: '' };
    clock.advance(300_000);
    const beyond = { ...cursor, memory: { ...cursor.memory, left: [end] } };
    expect((await readAll(source, beyond)).thrown).toBeUndefined();
    const before = { ...cursor, memory: { ...cursor.memory, left: [{ ...end, offset: 0, sha1: '' }] } };
    clock.advance(300_000);
    expect((await readAll(source, before)).thrown).toMatchObject({ kind: 'SourceForked', facts: { chunk: second } });
  });
});
