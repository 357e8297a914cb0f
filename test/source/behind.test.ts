import { describe, expect, it } from 'vitest';

import { cursorBehind } from '../../src/record.js';
import { numberedRecords, tapeOf } from '../support/tapeWriter.js';
import { freshContainer, uploadChunk } from '../support/uploadStore.js';
import { openTapes, readAll } from './openTapes.js';

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
  return { container, back: cursorBehind({ ...record, memory }) };
}

describe('a cursor that was set back', () => {
  it('is not stopped by a chunk that went on where it will be read again', async () => {
    const { container, back } = await setBack();
    await uploadChunk(container, first, tapeOf(numberedRecords(1, 3).concat(numberedRecords(99, 99))));
    const { records, thrown } = await readAll(openTapes(container, { onDamage: 'skip' }), back);
    expect(thrown).toBeUndefined();
    expect(records.map(({ stamp }) => stamp)).toEqual([3n, 99n, 4n, 5n, 6n]);
  });

  it('is not stopped by a new chunk in front of it', async () => {
    const { container, back } = await setBack();
    await uploadChunk(container, second, tapeOf(numberedRecords(99, 99)));
    const { records, thrown } = await readAll(openTapes(container, { onDamage: 'skip' }), back);
    expect(thrown).toBeUndefined();
    expect(records.map(({ stamp }) => stamp)).toEqual([3n, 99n, 4n, 5n, 6n]);
  });
});
