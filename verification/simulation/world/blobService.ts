import { RestError, type ContainerClient } from '@azure/storage-blob';
import type { Network } from './network.js';
import type { SimulatedProcess } from './simulatedProcess.js';

/** A page write starts and ends at multiples of this many bytes. */
export const pageBytes = 512;

/** What a listing says of a blob from `since` on; without properties while no blob has that name. */
interface Listed {
  readonly since: number;
  readonly properties: Properties | undefined;
}

interface Properties {
  readonly etag: string;
  readonly contentLength: number;
  readonly lastModified: Date;
  readonly createdOn: Date;
  readonly copyStatus?: CopyStatus;
}

type CopyStatus = 'pending' | 'success';

/** One blob. Its bytes change page by page; every change has its own ETag. */
export class Blob {
  bytes: Buffer;
  etag = '';
  lastModified = 0;
  copyStatus: CopyStatus | undefined;

  constructor(
    readonly name: string,
    length: number,
    readonly createdOn: number,
  ) {
    this.bytes = Buffer.alloc(length);
  }
}

/** How long the SDK retries a call before it gives up, in ms. */
const patienceMs = 20_000;

/**
 * A model of one container of Blob Storage: ETags, ranges, 304, 404, 412 and 416. Last-Modified and Date are whole
 * seconds of the service's own clock. Listings come in pages and may be some seconds old.
 */
export class BlobService {
  readonly blobs = new Map<string, Blob>();
  private readonly listed = new Map<string, Listed[]>();
  private writes = 0;
  /** The moment that the latest listing showed: no later listing shows an earlier one. */
  private listedUntil = 0;

  /** @param pageNames the most names that one page of a listing holds */
  constructor(
    private readonly network: Network,
    private readonly pageNames: number,
  ) {}

  /** Put Blob: creates an empty blob; replaces one of the same name. */
  put(name: string, length: number, copyStatus?: CopyStatus): Blob {
    const blob = new Blob(name, length, this.now);
    blob.copyStatus = copyStatus;
    this.blobs.set(name, blob);
    this.changed(blob);
    return blob;
  }

  /** Removes every blob, also from listings, as if it had never existed. */
  clear(): void {
    this.blobs.clear();
    this.listed.clear();
  }

  /** Writes all bytes at one moment. @returns false when the blob is gone or is too short */
  write(blob: Blob, offset: number, bytes: Buffer): boolean {
    if (this.blobs.get(blob.name) !== blob || offset + bytes.length > blob.bytes.length) return false;
    bytes.copy(blob.bytes, offset);
    this.changed(blob);
    return true;
  }

  resize(blob: Blob, length: number): void {
    const bytes = Buffer.alloc(length);
    blob.bytes.copy(bytes);
    blob.bytes = bytes;
    this.changed(blob);
  }

  copied(blob: Blob, bytes: Buffer): void {
    blob.copyStatus = 'success';
    bytes.copy(blob.bytes);
    this.changed(blob);
  }

  /** The container client of one process; it offers only what the source uses. */
  container(process: SimulatedProcess): ContainerClient {
    const client = {
      containerName: 'tapes',
      accountName: 'simulated',
      getBlobClient: (name: string) => ({
        download: (offset: number, count: number, options: DownloadOptions) =>
          this.download(process, name, offset, count, options),
      }),
      listBlobsFlat: ({ startFrom = '', abortSignal }: ListOptions) => ({
        byPage: (page: { readonly continuationToken?: string; readonly maxPageSize: number }) =>
          this.pages(
            process,
            page.continuationToken ?? startFrom,
            Math.min(page.maxPageSize, this.pageNames),
            abortSignal,
          ),
      }),
    };
    return client as unknown as ContainerClient;
  }

  private async *pages(process: SimulatedProcess, from: string, count: number, signal: AbortSignal | undefined) {
    const lag = this.network.faults.hits('listLag') ? this.network.faults.of('lag').between(0, 12_000) : 0;
    yield await this.network.call(process, {
      ...this.terms('source.list', signal),
      perform: () => {
        const asOf = (this.listedUntil = Math.max(this.listedUntil, this.now - lag));
        const names = [...this.listed.keys()].filter((name) => name >= from).sort();
        const items = names.flatMap((name) => {
          const properties = this.listed.get(name)?.findLast(({ since }) => since <= asOf)?.properties;
          return properties ? [{ name, properties: { ...properties } }] : [];
        });
        const next = items[count];
        return { segment: { blobItems: items.slice(0, count) }, continuationToken: next?.name ?? '' };
      },
    });
  }

  private async download(
    process: SimulatedProcess,
    name: string,
    offset: number,
    count: number,
    { abortSignal, conditions }: DownloadOptions,
  ) {
    const { faults } = this.network;
    const mixes = faults.hits('blobMix');
    const isCut = faults.hits('blobCut');
    const answer = await this.network.call(process, {
      ...this.terms('source.read', abortSignal),
      perform: () => this.range(name, offset, count, conditions?.ifNoneMatch),
    });
    const { bytes, blob } = answer;
    this.network.trace(() => `${process.name} reads ${name} ${offset}+${count} ${mixes ? 'mixed' : ''} ${blob.etag}`);
    if (mixes) {
      // The later bytes of an answer were sent later: they may be newer than its ETag says.
      const from = faults.of('mix').between(0, bytes.length);
      blob.bytes.copy(bytes, from, Math.min(offset + from, blob.bytes.length), offset + bytes.length);
    }
    return { ...answer.headers, readableStreamBody: body(bytes, isCut) };
  }

  private range(name: string, offset: number, count: number, ifNoneMatch: string | undefined) {
    const blob = this.blobs.get(name);
    if (!blob) throw this.restError(404, 'BlobNotFound');
    if (ifNoneMatch === `"${blob.etag}"`) throw this.restError(304, 'ConditionNotMet');
    const length = blob.bytes.length;
    if (offset >= length) throw this.restError(416, 'InvalidRange');
    const end = Math.min(length, offset + count);
    return {
      blob,
      bytes: Buffer.from(blob.bytes.subarray(offset, end)),
      headers: {
        contentRange: `bytes ${offset}-${end - 1}/${length}`,
        contentLength: end - offset,
        etag: `"${blob.etag}"`,
        lastModified: wholeSecond(blob.lastModified),
        date: wholeSecond(this.now),
        ...(blob.copyStatus && { copyStatus: blob.copyStatus }),
      },
    };
  }

  private terms(what: string, signal: AbortSignal | undefined) {
    const { faults } = this.network;
    const fails = faults.hits('blobError');
    const isBusy = fails && faults.of('busy').chance(0.3);
    return {
      service: 'source' as const,
      what,
      writes: false,
      unreachable: (why: string) =>
        isBusy ? this.restError(503, 'ServerBusy') : new RestError(why, { code: 'ECONNRESET' }),
      denied: () => this.restError(403, 'AuthorizationFailure'),
      patienceMs,
      signal,
      fails: fails ? ('refused' as const) : undefined,
    };
  }

  private restError(statusCode: number, code: string): RestError {
    const headers = new Map([
      ['x-ms-error-code', code],
      ['date', wholeSecond(this.now).toUTCString()],
    ]);
    const error = new RestError(code, { statusCode, code });
    error.response = { headers, status: statusCode } as unknown as NonNullable<RestError['response']>;
    return error;
  }

  private changed(blob: Blob): void {
    blob.etag = `0x${(++this.writes).toString(16).toUpperCase()}`;
    blob.lastModified = this.now;
    const { etag, bytes, createdOn, copyStatus } = blob;
    const properties: Properties = {
      etag,
      contentLength: bytes.length,
      lastModified: wholeSecond(this.now),
      createdOn: wholeSecond(createdOn),
      ...(copyStatus && { copyStatus }),
    };
    const versions = this.listed.get(blob.name);
    if (versions) versions.push({ since: this.now, properties });
    else this.listed.set(blob.name, [{ since: this.now, properties }]);
  }

  private get now(): number {
    return this.network.time.now;
  }
}

interface DownloadOptions {
  readonly abortSignal?: AbortSignal;
  readonly conditions?: { readonly ifNoneMatch?: string };
}

interface ListOptions {
  readonly startFrom?: string;
  readonly abortSignal?: AbortSignal;
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* body(bytes: Buffer, isCut: boolean): AsyncGenerator<Buffer> {
  yield bytes.subarray(0, bytes.length >> 1);
  if (isCut) throw new Error('aborted');
  yield bytes.subarray(bytes.length >> 1);
}

function wholeSecond(ms: number): Date {
  return new Date(ms - (ms % 1000));
}
