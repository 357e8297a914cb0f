import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../support/fakeClock.js';
import { storageProxy } from '../../support/faults/storageProxy.js';
import { RecordingLogger } from '../../support/recordingLogger.js';
import { azuriteConnectionString } from '../../support/services/azurite.js';
import { numberedRecords, tapeOf } from '../../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk, uploadStore } from '../../support/stores/uploadStore.js';
import { openTapes, readAll } from '../openTapes.js';
import { first, threeChunks, range, positions } from '../tapeChunks.js';
import { caughtUp, stopsOf } from './caughtUp.js';

describe('a torn frame', () => {
  const torn = threeChunks[0][1].subarray(0, -7);
  const behind = '00000009-2013-10-15-103000.dat';

  test('A torn frame in an older chunk is passed over and reported once its writer has left it alone', async () => {
    const container = await freshContainer();
    await uploadStore(
      container,
      [
        [first, torn],
        [behind, tapeOf(numberedRecords(10, 12))],
      ],
      'page',
    );
    const logger = new RecordingLogger();
    const { records, cursor, thrown } = await readAll(openTapes(container, { logger }));
    expect(thrown).toBeUndefined();
    expect(positions(records)).toEqual(range(1, 12));
    expect(records[9]?.chunk).toBe(behind);
    expect(logger.lines).toMatchObject([{ level: 'warn', event: 'source-torn-frame', facts: { chunk: first } }]);
    expect(cursor.memory?.passedOver).toEqual({ chunks: 1, bytes: expect.any(Number) as number });
  });

  test('A torn frame in an older chunk is waited for as long as its writer may still finish it', async () => {
    const container = await freshContainer();
    await uploadStore(
      container,
      [
        [first, torn],
        [behind, tapeOf(numberedRecords(11, 12))],
      ],
      'page',
    );
    const proxy = await storageProxy(container, azuriteConnectionString());
    let ago = 0;
    let lastModified = '';
    proxy.tampering.headers = ({ about }, headers) => {
      if (about !== first) return;
      lastModified = headers['last-modified'] ?? lastModified;
      headers.date = new Date(Date.parse(lastModified) + 1000 * ago).toUTCString();
    };
    const clock = FakeClock.flowing((count) => void (ago = 30 * count));
    const { records, thrown } = await readAll(openTapes(proxy.container, { clock, settleSeconds: 60 }));
    expect(thrown).toBeUndefined();
    expect(clock.slept).toHaveLength(2);
    expect(positions(records)).toEqual(range(1, 11));

    ago = 0;
    const finishing = FakeClock.flowing(() => uploadChunk(container, first, threeChunks[0][1], 'page'));
    const finished = await readAll(openTapes(proxy.container, { clock: finishing, settleSeconds: 60 }));
    expect(positions(finished.records)).toEqual(range(1, 12));
    expect(finished.records[9]?.chunk).toBe(first);
  });

  test('A torn frame that is finished after it was passed over is SourceForked', async () => {
    const container = await freshContainer();
    await uploadStore(
      container,
      [
        [first, torn],
        [behind, tapeOf(numberedRecords(10, 12))],
      ],
      'page',
    );
    const { source, clock, cursor } = await caughtUp(container);
    await uploadChunk(container, first, threeChunks[0][1], 'page');
    for (const stop of await stopsOf(container, source, clock, cursor)) {
      expect(stop).toMatchObject({ kind: 'SourceForked', facts: { chunk: first } });
    }
  });
});
