import { describe, expect, test } from 'vitest';

import { azuriteConnectionString } from '../../support/services/azurite.js';
import { MemoryContainer } from '../../support/stores/memoryContainer.js';
import { storageProxy } from '../../support/faults/storageProxy.js';
import { freshContainer, uploadChunk } from '../../support/stores/uploadStore.js';
import { chunk, examine, frames, garbage, testRests, type LongChunk } from './endOfChunkCases.js';

/** Answers at once: 48 MiB take long through HTTP. */
function inMemory({ bytes, start, end, onRead }: LongChunk) {
  const content = Buffer.alloc(bytes);
  start.copy(content);
  end.copy(content, bytes - end.length);
  const blobs = new Map([[chunk, content]]);
  const write = (pages: Buffer): Promise<void> => {
    blobs.set(chunk, Buffer.concat([pages, content.subarray(pages.length)]));
    return Promise.resolve();
  };
  return new MemoryContainer(blobs, (_, count) => onRead?.(count, write)).client;
}

testRests('memory', inMemory, { all: false });

describe('the rest of a chunk', () => {
  test('The rest of a chunk is not called bad when the bad bytes have gone meanwhile', async () => {
    const container = await freshContainer();
    await uploadChunk(container, chunk, Buffer.concat([garbage, frames]));
    const proxy = await storageProxy(container, azuriteConnectionString());
    proxy.tampering.before = async ({ headers }) => {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(String(headers['x-ms-range'] ?? headers.range)) ?? [];
      if (from === to) await uploadChunk(container, chunk, frames);
    };
    expect(await examine(proxy.container)).toBeUndefined();
  });
});
