import type { ContainerClient } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';

import { listAll, listFrom } from '../../../src/source/chunks/listing.js';
import { never } from '../openTapes.js';

const names = Array.from({ length: 5 }, (_, index) => `0000000${index}-2013-10-15-093000.dat`);

interface Page {
  readonly continuationToken?: string;
}

/** A container whose pages hold two names each; a real one has pages of 5,000. */
function pagedContainer(): ContainerClient {
  const pages = ({ continuationToken = '0' }: Page) => {
    const from = Number(continuationToken);
    const blobItems = names
      .slice(from, from + 2)
      .map((name) => ({ name, properties: { contentLength: 1, etag: '1' } }));
    const next = from + 2 < names.length ? String(from + 2) : '';
    return { next: () => Promise.resolve({ done: false, value: { segment: { blobItems }, continuationToken: next } }) };
  };
  const byPage = (page: Page) => ({ [Symbol.asyncIterator]: () => pages(page) });
  return { containerName: 'tapes', accountName: 'a', listBlobsFlat: () => ({ byPage }) } as unknown as ContainerClient;
}

describe('a listing that has several pages', () => {
  test('A listing of several pages holds the names of all of them', async () => {
    const { chunks } = await listAll(pagedContainer(), never);
    expect(chunks.map(({ name }) => name)).toEqual(names);
  });

  test('A listing of several pages says where it broke off when only the first page was asked for', async () => {
    const { chunks, endedAt } = await listFrom(pagedContainer(), '', never);
    expect(chunks.map(({ name }) => name)).toEqual(names.slice(0, 2));
    expect(endedAt).toBe(names[1]);
  });
});
