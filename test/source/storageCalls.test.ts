import { expect, test } from 'vitest';

import { azuriteConnectionString } from '../support/services/azurite.js';
import { FakeClock } from '../support/fakeClock.js';
import { storageProxy } from '../support/faults/storageProxy.js';
import { numberedRecords, tapeOf } from '../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk } from '../support/stores/uploadStore.js';
import { expectFewBatches, testCallsOf } from './callCounts.js';
import { markOf, never, openTapes, readAll } from './openTapes.js';

testCallsOf([10, 600], 60);

test('A batch takes the records of several small chunks', () => expectFewBatches(60));

test('A run in which nothing is new reads once, and not the rest of the last chunk, whose end is known', async () => {
  const container = await freshContainer();
  const tape = tapeOf(numberedRecords(1, 3));
  const chunk = '00000001-2013-10-15-093000.dat';
  await uploadChunk(container, chunk, Buffer.concat([tape, Buffer.alloc(1024 * 1024 - tape.length)]), 'page');
  const proxy = await storageProxy(container, azuriteConnectionString());
  const clock = FakeClock.flowing();
  const source = openTapes(proxy.container, { clock });
  const whole = await readAll(source);
  const mark = markOf(whole.records.at(-1));
  await readAll(source, whole.cursor);
  let { cursor } = whole;
  for (let run = 1; run <= 10; run++) {
    clock.advance(60_000);
    proxy.taken();
    ({ cursor } = await source.locate(mark, cursor.memory, never));
    expect((await readAll(source, cursor)).records).toEqual([]);
    const reads = proxy.taken().filter(({ about }) => about === chunk);
    expect(reads, `run ${run}`).toHaveLength(1);
  }
});
