import { testRests, type LongChunk } from './endOfChunkCases.js';
import { storageProxy } from '../../support/faults/storageProxy.js';
import { azuriteConnectionString } from '../../support/services/azurite.js';
import { freshContainer, writePages } from '../../support/stores/uploadStore.js';

/** As the storage service has it, page by page; what is asked for goes through a proxy. */
async function inAzurite({ chunk, bytes, start, end, onRead }: LongChunk) {
  const container = await freshContainer();
  await container.getPageBlobClient(chunk).create(bytes);
  await writePages(container, chunk, 0, start);
  await writePages(container, chunk, bytes - end.length, end);
  const proxy = await storageProxy(container, azuriteConnectionString());
  const write = (pages: Buffer): Promise<void> => writePages(container, chunk, 0, pages);
  proxy.tampering.before = ({ headers }) => {
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(String(headers['x-ms-range'] ?? headers.range)) ?? [];
    return onRead?.(Number(to) - Number(from) + 1, write);
  };
  return proxy.container;
}

testRests('Azurite', inAzurite, { all: true });
