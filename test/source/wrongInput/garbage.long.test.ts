import { expect, test } from 'vitest';
import { frameOf, numberedRecords, tapeOf } from '../../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk } from '../../support/stores/uploadStore.js';
import { openTapes, readAll } from '../openTapes.js';
import { first } from '../tapeChunks.js';

test('Garbage that claims to be a frame of more than 16 MiB is SourceCorrupt unless the chunk is shorter than that', async () => {
  const container = await freshContainer();
  const huge = Buffer.concat([tapeOf(numberedRecords(1, 1)), frameOf({ payload: Buffer.alloc(17 * 1024 * 1024, 1) })]);
  await uploadChunk(container, first, huge);
  const { records, thrown } = await readAll(openTapes(container));
  expect(records.map(({ position }) => position)).toEqual([1]);
  expect(thrown).toMatchObject({
    kind: 'SourceCorrupt',
    facts: { reason: expect.stringMatching(/over the limit/) as string },
  });

  await uploadChunk(container, first, huge.subarray(0, 1024 * 1024));
  expect((await readAll(openTapes(container))).thrown).toBeUndefined();
});
