import { describe, expect, test } from 'vitest';
import { numberedRecords, tapeOf } from '../../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk } from '../../support/stores/uploadStore.js';
import { never, openTapes, readAll } from '../openTapes.js';
import { first, second, third, threeChunks, range, positions } from '../tapeChunks.js';
import { threeChunkStore, caughtUp } from './caughtUp.js';

describe('a prefix that skips ahead', () => {
  const ahead = '00000035-2013-10-15-123000.dat';

  test('A prefix that skips ahead is SourceGap, and its chunk is read when it is accepted', async () => {
    const container = await threeChunkStore();
    await uploadChunk(container, ahead, tapeOf(numberedRecords(36, 38)));
    const { records, cursor, thrown } = await readAll(openTapes(container));
    expect(positions(records)).toEqual(range(1, 30));
    expect(thrown).toMatchObject({ kind: 'SourceGap', facts: { chunk: ahead, position: 31, missing: 4 } });

    await expect(openTapes(container).accept(third, cursor, never)).rejects.toMatchObject({ kind: 'NotApplicable' });
    const accepted = await openTapes(container).accept(ahead, cursor, never);
    expect(accepted).toMatchObject({ chunk: cursor.chunk, offset: cursor.offset, position: 31 });
    const after = await readAll(openTapes(container), accepted);
    expect(after.thrown).toBeUndefined();
    expect(positions(after.records)).toEqual([31, 32, 33]);
  });

  test('A prefix that skips ahead is a finding in the first chunk too', async () => {
    const container = await freshContainer();
    await uploadChunk(container, second, threeChunks[1][1]);
    expect((await readAll(openTapes(container))).thrown).toMatchObject({
      kind: 'SourceGap',
      facts: { position: 1, missing: 9 },
    });
  });

  test('A prefix that skips by one, or backwards, or of a chunk without a frame, is no SourceGap', async () => {
    const container = await threeChunkStore();
    await uploadChunk(container, '00000031-2013-10-15-123000.dat', tapeOf(numberedRecords(31, 33)));
    await uploadChunk(container, '00000032-2013-10-15-124000.dat', tapeOf(numberedRecords(34, 35)));
    await uploadChunk(container, '00000099-2013-10-15-125000.dat', Buffer.alloc(512));
    const { records, thrown } = await readAll(openTapes(container));
    expect(thrown).toBeUndefined();
    expect(positions(records)).toEqual(range(1, 35));
  });

  test('A prefix that skips ahead is reported only, where damage is not to stop anything', async () => {
    const container = await threeChunkStore();
    await uploadChunk(container, ahead, tapeOf(numberedRecords(36, 38)));
    const { records, logger } = await caughtUp(container, 'skip');
    expect(positions(records)).toEqual(range(1, 33));
    expect(logger.events('warn')).toEqual(['source-gap-passed']);
  });
});

describe('names that are not tapes', () => {
  test('Names that are no chunks are ignored', async () => {
    const container = await threeChunkStore();
    for (const name of ['lock', 'a/00000000-2013-10-15-093000.dat', `${first}.bak`, 'zz.dat', '00000001.dat']) {
      await uploadChunk(container, name, tapeOf(numberedRecords(801, 803)));
    }
    expect(positions((await caughtUp(container)).records)).toEqual(range(1, 30));
  });
});
