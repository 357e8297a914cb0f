import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ContainerClient } from '@azure/storage-blob';
import { onTestFinished } from 'vitest';

import { connectContainer } from '../../../src/storage/container.js';

/** A call as the storage received it. */
export interface StorageCall {
  readonly method: string;
  /** `list`, or the name of a blob. */
  readonly about: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  status?: number;
}

/** What a test does to a call and its answer on their way through the proxy. */
export interface Tampering {
  /** Called before the call is passed on. */
  before?: (call: StorageCall) => void | Promise<void>;
  /** Changes the headers of an answer. */
  headers?: (call: StorageCall, headers: IncomingMessage['headers']) => void;
  /** Changes the body of an answer to a listing. */
  listing?: (call: StorageCall, xml: string) => string;
  /** Returns true to break the connection off in the middle of the body. */
  cut?: (call: StorageCall) => boolean;
}

/** A proxy between the code under test and a container. It records the calls, and a test can change the answers. */
export interface StorageProxy {
  /** The same container, reached through the proxy. */
  readonly container: ContainerClient;
  readonly calls: StorageCall[];
  readonly tampering: Tampering;
  /** The calls since `taken` was last called. */
  taken(): StorageCall[];
}

export async function storageProxy(container: ContainerClient, connectionString: string): Promise<StorageProxy> {
  const upstream = new URL(container.url);
  const calls: StorageCall[] = [];
  const tampering: Tampering = {};
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing, upstream, calls, tampering).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const value = connectionString.replaceAll(`127.0.0.1:${upstream.port}`, `127.0.0.1:${port}`);
  let taken = 0;
  return {
    container: connectContainer({ kind: 'connectionString', value }, container.containerName),
    calls,
    tampering,
    taken: () => calls.slice(taken, (taken = calls.length)),
  };
}

async function pass(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  upstream: URL,
  calls: StorageCall[],
  tampering: Tampering,
): Promise<void> {
  const url = new URL(incoming.url ?? '/', upstream);
  const [, , , ...blob] = url.pathname.split('/');
  const about = url.searchParams.get('comp') === 'list' ? 'list' : decodeURIComponent(blob.join('/'));
  const { method = '', headers } = incoming;
  const call: StorageCall = { method, about, query: url.searchParams, headers };
  calls.push(call);
  await tampering.before?.(call);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = send({ host: upstream.hostname, port: upstream.port, path: incoming.url, method, headers }, resolve);
    sent.on('error', reject);
    incoming.pipe(sent);
  });
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part as Buffer);
  call.status = answer.statusCode ?? 0;
  tampering.headers?.(call, answer.headers);
  const isChanged = about === 'list' && tampering.listing !== undefined;
  const body = isChanged
    ? Buffer.from(tampering.listing?.(call, Buffer.concat(parts).toString()) ?? '')
    : Buffer.concat(parts);
  if (isChanged) answer.headers['content-length'] = String(body.length);
  delete answer.headers['transfer-encoding'];
  outgoing.writeHead(call.status, answer.headers);
  if (!tampering.cut?.(call)) return void outgoing.end(body);
  outgoing.write(body.subarray(0, body.length >> 1), () => outgoing.destroy());
}
