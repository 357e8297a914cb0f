import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { onTestFinished } from 'vitest';

import { azuriteConnectionString, freshContainerName } from '../services/azurite.js';

export type BlobKind = 'page' | 'block';

const pageBytes = 512;
const maxPageBytes = 4 * 1024 * 1024;

/** Makes an empty container for the running test, and deletes it when the test ends. */
export async function freshContainer(): Promise<ContainerClient> {
  const service = BlobServiceClient.fromConnectionString(azuriteConnectionString());
  const container = service.getContainerClient(freshContainerName());
  await container.create();
  onTestFinished(async () => {
    await container.deleteIfExists();
  });
  return container;
}

/** Writes a whole chunk, as a block blob or as a page blob padded with zeros. Overwrites what is there. */
export async function uploadChunk(
  container: ContainerClient,
  name: string,
  bytes: Buffer,
  kind: BlobKind = 'block',
): Promise<void> {
  if (kind === 'block') {
    await container.getBlockBlobClient(name).upload(bytes, bytes.length);
    return;
  }
  const blob = container.getPageBlobClient(name);
  const padded = Buffer.concat([bytes, Buffer.alloc((pageBytes - (bytes.length % pageBytes)) % pageBytes)]);
  await blob.create(padded.length);
  await writePages(container, name, 0, padded);
}

/** Writes whole pages; offset and length are multiples of 512. Skips pages of zeros: they are zeros already. */
export async function writePages(
  container: ContainerClient,
  name: string,
  offset: number,
  bytes: Buffer,
): Promise<void> {
  const blob = container.getPageBlobClient(name);
  let used = bytes.length;
  while (used > 0 && bytes[used - 1] === 0) used--;
  const end = Math.ceil(used / pageBytes) * pageBytes;
  for (let at = 0; at < end; at += maxPageBytes) {
    const part = bytes.subarray(at, Math.min(end, at + maxPageBytes));
    await blob.uploadPages(part, offset + at, part.length);
  }
}

/** Uploads every chunk of a store, in name order. */
export async function uploadStore(
  container: ContainerClient,
  chunks: Iterable<readonly [string, Buffer]>,
  kind: BlobKind,
): Promise<void> {
  for (const [name, bytes] of chunks) await uploadChunk(container, name, bytes, kind);
}
