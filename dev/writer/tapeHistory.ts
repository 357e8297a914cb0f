import type { ContainerClient } from '@azure/storage-blob';

import { findFrame } from './tapeFrame.js';

/** The length that a chunk is created with, in bytes. */
export const chunkBytes = 1024 * 512;
export const pageBytes = 512;

/** What a writer learns at its start from the existing chunks. */
export interface TapeHistory {
  /** Valid frames in all chunks, audit and func included. */
  readonly records: number;
  /** The number of frames of each key. */
  readonly versions: Map<string, number>;
}

/**
 * Reads all chunks as Lokad.CQRS' BlobAppendOnlyStore of October 2013 does when it starts: in the order of their names,
 * each up to its first bad frame. Like the original, it also truncates. A chunk of full length that has at least a page
 * after its last valid frame is copied to `NAME.bak` and cut after that frame's last page. A chunk without a valid
 * frame stays as it is.
 */
export async function readHistory(container: ContainerClient): Promise<TapeHistory> {
  const names: string[] = [];
  for await (const blob of container.listBlobsFlat()) if (/^[^/]+\.dat$/.test(blob.name)) names.push(blob.name);
  const versions = new Map<string, number>();
  let records = 0;
  for (const name of names.sort()) {
    const bytes = await container.getPageBlobClient(name).downloadToBuffer();
    let end = 0;
    for (let frame = findFrame(bytes, 0); frame !== undefined; frame = findFrame(bytes, end)) {
      records++;
      versions.set(frame.key, (versions.get(frame.key) ?? 0) + 1);
      end = frame.end;
    }
    if (bytes.length > 0 && bytes.length % chunkBytes === 0 && bytes.length - end >= pageBytes && end > 0)
      await truncate(container, name, bytes, wholePages(end));
  }
  return { records, versions };
}

/** The number of bytes of the pages that hold `bytes` bytes. */
export function wholePages(bytes: number): number {
  return Math.ceil(bytes / pageBytes) * pageBytes;
}

/** Copies a chunk and cuts it. The copy is uploaded: in Azurite, cutting a blob damages a copy that Azurite made. */
async function truncate(container: ContainerClient, name: string, bytes: Buffer, length: number): Promise<void> {
  const backup = container.getPageBlobClient(`${name}.bak`);
  await backup.create(bytes.length);
  await backup.uploadPages(bytes, 0, bytes.length);
  await container.getPageBlobClient(name).resize(length);
}
