import type { BlobItem, ContainerClient } from '@azure/storage-blob';

import { isBackupName, parseChunkName, type ChunkName } from './name.js';
import { plainEtag, unreachable, untilSilence } from '../../storage/call.js';

/** A chunk as a listing shows it. */
export interface Chunk extends ChunkName {
  readonly bytes: number;
  readonly etag: string;
  /** Milliseconds since 1970; 0 when the service does not say. */
  readonly createdOn: number;
  /** Undefined unless the chunk was made by a copy that has not succeeded. */
  readonly openCopy: string | undefined;
}

/** One page of a listing, or all of it. */
export interface Listing {
  readonly chunks: readonly Chunk[];
  /** `.bak` copies, with their lengths. */
  readonly backups: readonly { readonly name: string; readonly bytes: number }[];
  /** How many names are neither. */
  readonly ignored: number;
  /** The last name of the page when more follow. */
  readonly endedAt?: string;
}

/** The service gives up to 5,000, but taking those apart would hold up the process for half a second. */
const pageNames = 500;

/** Every name of the container: one call for each 500. @throws Failure `SourceUnreachable` */
export async function listAll(container: ContainerClient, signal: AbortSignal): Promise<Listing> {
  const items: BlobItem[] = [];
  let continuationToken: string | undefined;
  // guard: every-page-of-a-listing
  do {
    const page = await listPage(container, { continuationToken }, signal);
    for (const item of page.items) items.push(item);
    continuationToken = page.continuationToken;
  } while (continuationToken);
  return toListing(items, '');
}

/** The first 500 names from `from` on, it included: one call. @throws Failure `SourceUnreachable` */
export async function listFrom(container: ContainerClient, from: string, signal: AbortSignal): Promise<Listing> {
  const { items, continuationToken } = await listPage(container, { startFrom: from }, signal);
  // Emulators and services that do not know startFrom list everything.
  const listing = toListing(items, from);
  const last = items.at(-1)?.name;
  return continuationToken && last !== undefined ? { ...listing, endedAt: last } : listing;
}

async function listPage(
  container: ContainerClient,
  { continuationToken, startFrom }: { readonly continuationToken?: string | undefined; readonly startFrom?: string },
  signal: AbortSignal,
) {
  try {
    return await untilSilence(signal, async (abortSignal) => {
      const pages = container
        .listBlobsFlat({ includeCopy: true, abortSignal, ...(startFrom && { startFrom }) })
        .byPage({ maxPageSize: pageNames, ...(continuationToken !== undefined && { continuationToken }) });
      for await (const { segment, continuationToken: next } of pages) {
        return { items: segment.blobItems, continuationToken: next === '' ? undefined : next };
      }
      return { items: [], continuationToken: undefined };
    });
  } catch (thrown) {
    signal.throwIfAborted();
    throw unreachable(thrown, container);
  }
}

function toListing(items: readonly BlobItem[], from: string): Listing {
  const chunks: Chunk[] = [];
  const backups: { name: string; bytes: number }[] = [];
  let ignored = 0;
  for (const { name, properties } of items) {
    if (name < from) continue;
    const parsed = parseChunkName(name);
    const bytes = properties.contentLength ?? 0;
    if (parsed) chunks.push(toChunk(parsed, bytes, properties));
    else if (isBackupName(name)) backups.push({ name, bytes });
    else ignored++;
  }
  return { chunks, backups, ignored };
}

function toChunk(name: ChunkName, bytes: number, properties: BlobItem['properties']): Chunk {
  const { copyStatus } = properties;
  return {
    ...name,
    bytes,
    etag: plainEtag(properties.etag),
    createdOn: properties.createdOn?.getTime() ?? 0,
    openCopy: copyStatus === undefined || copyStatus === 'success' ? undefined : copyStatus,
  };
}
