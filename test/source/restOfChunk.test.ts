import { describe, expect, test } from 'vitest';

import { BlobReader } from '../../src/source/blobReader.js';
import { largestFrameBytes } from '../../src/source/frame.js';
import { examineRest } from '../../src/source/restOfChunk.js';
import { azuriteConnectionString } from '../support/azurite.js';
import { storageProxy, type StorageCall } from '../support/storageProxy.js';
import { numberedRecords, tapeOf } from '../support/tapeWriter.js';
import { freshContainer, uploadChunk, writePages } from '../support/uploadStore.js';
import { never } from './openTapes.js';

const chunk = '00000000-2013-10-15-093000.dat';
const garbage = Buffer.from('no frame');
const frames = tapeOf(numberedRecords(1, 3));
/** More than is read at once, which is two of the largest frames. */
const chunkBytes = 3 * largestFrameBytes;

/** A chunk of zeros with something at its start and something near its end. */
async function longChunk(start: Buffer, end: Buffer) {
  const container = await freshContainer();
  await container.getPageBlobClient(chunk).create(chunkBytes);
  await writePages(container, chunk, 0, page(start));
  await writePages(container, chunk, chunkBytes - 1024, page(end));
  return { container, proxy: await storageProxy(container, azuriteConnectionString()) };
}

function page(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(512 - (bytes.length % 512))]);
}

function spanOf({ headers }: StorageCall): number {
  const [, from, to] = /bytes=(\d+)-(\d+)/.exec(String(headers['x-ms-range'] ?? headers.range)) ?? [];
  return Number(to) - Number(from) + 1;
}

/** The verdict without the bytes that it is about: they are megabytes, too many to be shown by a test that fails. */
async function examine(reader: BlobReader) {
  const rest = await examineRest(reader, { chunk, offset: 0, variant: 'varint', behindTooLarge: false }, never);
  return rest && { kind: rest.kind, strayBytes: rest.strayBytes, nextFrameAt: rest.nextFrameAt };
}

describe('the rest of a chunk', () => {
  test('is corrupt when a valid frame follows a bad one, however far behind it', async () => {
    const { container } = await longChunk(garbage, frames);
    expect(await examine(new BlobReader(container))).toMatchObject({
      kind: 'corrupt',
      nextFrameAt: chunkBytes - 1024,
      strayBytes: chunkBytes - 1024,
    });
  });

  test('is torn when nothing valid follows, up to the last byte that is not zero', async () => {
    const { container } = await longChunk(garbage, garbage);
    expect(await examine(new BlobReader(container))).toMatchObject({
      kind: 'torn',
      strayBytes: chunkBytes - 1024 + garbage.length,
    });
  });

  test('is clean when only zeros follow, however many', async () => {
    const { container } = await longChunk(Buffer.alloc(0), Buffer.alloc(0));
    expect(await examine(new BlobReader(container))).toMatchObject({ kind: 'clean', strayBytes: 0 });
  });

  test('is not clean when a frame is written while it is read', async () => {
    const { container, proxy } = await longChunk(Buffer.alloc(0), Buffer.alloc(0));
    let windows = 0;
    proxy.tampering.before = async (call) => {
      if (spanOf(call) > largestFrameBytes && ++windows === 2) await writePages(container, chunk, 0, page(frames));
    };
    expect(await examine(new BlobReader(proxy.container))).toBeUndefined();
    expect(windows).toBeGreaterThan(2);
  });

  test('is not called bad when what was bad is not there any more', async () => {
    const container = await freshContainer();
    await uploadChunk(container, chunk, Buffer.concat([garbage, frames]));
    const proxy = await storageProxy(container, azuriteConnectionString());
    proxy.tampering.before = async (call) => {
      if (spanOf(call) === 1) await uploadChunk(container, chunk, frames);
    };
    expect(await examine(new BlobReader(proxy.container))).toBeUndefined();
  });
});
