import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ContainerClient } from '@azure/storage-blob';
import { onTestFinished } from 'vitest';

import { connectContainer } from '../../../src/storage/container.js';
import { numberedRecords, tapeOf } from './tapeWriter.js';

/** A container of many chunks with one record each. They are made when they are read: nothing is uploaded. */
export interface ManyChunks {
  readonly container: ContainerClient;
  readonly names: readonly string[];
  /** One entry for each call: `list`, or the name of the chunk that was read. */
  readonly calls: string[];
}

const maxPageNames = 5000;
const etag = '0x8D0000000000001';
const modified = 'Tue, 15 Oct 2013 09:30:00 GMT';

/** Starts a server that answers List Blobs (marker, startFrom) and ranged, conditional Get Blob as the service does. */
export async function manyChunks(count: number): Promise<ManyChunks> {
  const names = Array.from({ length: count }, (_, index) => `${String(index).padStart(8, '0')}-2013-10-15-093000.dat`);
  const lengths = names.map((_, index) => tape(index).length);
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const name = url.pathname.split('/').at(-1) ?? '';
    if (url.searchParams.get('comp') === 'list') {
      calls.push('list');
      return list(response, url.searchParams, names, lengths);
    }
    calls.push(name);
    const range = /bytes=(\d+)-(\d+)/.exec(String(request.headers['x-ms-range'] ?? request.headers['range']));
    if (request.headers['if-none-match'] === `"${etag}"`) return void response.writeHead(304).end();
    read(response, tape(Number(name.slice(0, 8))), Number(range?.[1]), Number(range?.[2]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/account?sig=none`;
  return { container: connectContainer({ kind: 'url', url }, 'tapes'), names, calls };
}

function tape(index: number): Buffer {
  return tapeOf(numberedRecords(index + 1, index + 1));
}

function list(
  response: ServerResponse,
  query: URLSearchParams,
  names: readonly string[],
  lengths: readonly number[],
): void {
  const from = query.get('marker') ?? query.get('startFrom') ?? '';
  const pageNames = Math.min(maxPageNames, Number(query.get('maxresults') ?? maxPageNames));
  const start = names.findIndex((name) => name >= from);
  const page = start < 0 ? [] : names.slice(start, start + pageNames);
  const next = start < 0 ? undefined : names[start + pageNames];
  const blobs = page.map(
    (name, index) =>
      `<Blob><Name>${name}</Name><Properties><Creation-Time>${modified}</Creation-Time><Last-Modified>${modified}</Last-Modified>` +
      `<Etag>${etag}</Etag><Content-Length>${lengths[start + index]}</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>`,
  );
  const xml = `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="tapes"><Blobs>${blobs.join('')}</Blobs><NextMarker>${next ?? ''}</NextMarker></EnumerationResults>`;
  response.writeHead(200, { 'content-type': 'application/xml', date: modified }).end(xml);
}

function read(response: ServerResponse, bytes: Buffer, from: number, to: number): void {
  const headers = { etag: `"${etag}"`, 'last-modified': modified, date: modified, 'x-ms-blob-type': 'BlockBlob' };
  if (from >= bytes.length)
    return void response.writeHead(416, { ...headers, 'x-ms-error-code': 'InvalidRange' }).end();
  const end = Math.min(to, bytes.length - 1);
  const part = bytes.subarray(from, end + 1);
  response
    .writeHead(206, {
      ...headers,
      'content-length': part.length,
      'content-range': `bytes ${from}-${end}/${bytes.length}`,
    })
    .end(part);
}
