import type { ContainerClient } from '@azure/storage-blob';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';

import { BlobReader } from '../../../src/source/reading/blobReader.js';
import { never } from '../openTapes.js';

/** Gives the first bytes of a body and ends it as if that were all, which the SDK's own client does not let through. */
function shortContainer(bodies: readonly Buffer[], contentLength: number): ContainerClient {
  const left = [...bodies];
  const download = () =>
    Promise.resolve({
      contentLength,
      etag: '"1"',
      readableStreamBody: Readable.from([left.shift() ?? Buffer.alloc(0)]),
    });
  return {
    containerName: 'tapes',
    accountName: 'a',
    getBlobClient: () => ({ download }),
  } as unknown as ContainerClient;
}

const whole = Buffer.from('0123456789');

test('A blob body that ends before its length is asked for again', async () => {
  const reader = new BlobReader(shortContainer([whole.subarray(0, 5), whole], 10));
  expect(await reader.read({ chunk: 'one', start: 0, count: 10 }, never)).toMatchObject({ read: { bytes: whole } });
});

test('A blob body that ends before its length every time is SourceUnreachable', async () => {
  const short = whole.subarray(0, 5);
  const reader = new BlobReader(shortContainer([short, short, short], 10));
  await expect(reader.read({ chunk: 'one', start: 0, count: 10 }, never)).rejects.toMatchObject({
    kind: 'SourceUnreachable',
    message: expect.stringMatching(/5 of 10 bytes/) as string,
  });
});
