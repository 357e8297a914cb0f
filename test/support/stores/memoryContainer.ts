import { RestError, type ContainerClient } from '@azure/storage-blob';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

interface Asked {
  readonly conditions?: { readonly ifNoneMatch?: string };
}

/** A container in memory. It offers only what a source uses, and answers thousands of calls a second. */
export class MemoryContainer {
  /** The most bytes that one read asked for. */
  largestRequest = 0;

  /** @param onRead called before each read is answered; it may replace the bytes of a blob */
  constructor(
    private readonly blobs: ReadonlyMap<string, Buffer>,
    private readonly onRead: (name: string, count: number) => Promise<void> | void = () => undefined,
  ) {}

  get client(): ContainerClient {
    const client = {
      containerName: 'tapes',
      accountName: 'memory',
      getBlobClient: (name: string) => ({
        download: (offset: number, count: number, asked: Asked) =>
          Promise.resolve(this.onRead(name, count)).then(() => this.download(name, offset, count, asked)),
      }),
      listBlobsFlat: () => ({ byPage: () => this.pages() }),
    };
    return client as unknown as ContainerClient;
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  private async *pages() {
    const blobItems = [...this.blobs].map(([name, bytes]) => ({
      name,
      properties: { contentLength: bytes.length, etag: etagOf(bytes), createdOn: new Date(0) },
    }));
    yield { segment: { blobItems }, continuationToken: '' };
  }

  private download(name: string, offset: number, count: number, { conditions }: Asked) {
    const bytes = this.blobs.get(name);
    if (!bytes) throw new RestError('not there', { statusCode: 404, code: 'BlobNotFound' });
    if (conditions?.ifNoneMatch === `"${etagOf(bytes)}"`) throw new RestError('unchanged', { statusCode: 304 });
    if (offset >= bytes.length) throw new RestError('past the end', { statusCode: 416 });
    this.largestRequest = Math.max(this.largestRequest, count);
    const part = bytes.subarray(offset, offset + count);
    return {
      contentLength: part.length,
      contentRange: `bytes ${offset}-${offset + part.length - 1}/${bytes.length}`,
      etag: `"${etagOf(bytes)}"`,
      lastModified: new Date(0),
      date: new Date(1_000_000),
      readableStreamBody: Readable.from([part]),
    };
  }
}

const etags = new WeakMap<Buffer, string>();

function etagOf(bytes: Buffer): string {
  const known = etags.get(bytes) ?? createHash('sha1').update(bytes).digest('hex');
  etags.set(bytes, known);
  return known;
}
