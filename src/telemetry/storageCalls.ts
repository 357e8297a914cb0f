import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

import type { Telemetry } from './telemetry.js';

const channel = 'http.client.request.start';

/**
 * Counts what this process asks of storage, each try for itself, as it is billed: the SDKs repeat calls by themselves, so
 * the requests are counted where they leave.
 *
 * @returns ends the counting
 */
export function countStorageCalls(telemetry: Telemetry): () => void {
  const count = (message: unknown): void => {
    const { request } = message as { readonly request: ClientRequest };
    const kind = kindOf(request);
    if (kind) telemetry.add('eventferry.storage.calls', 1, { kind });
  };
  subscribe(channel, count);
  return () => void unsubscribe(channel, count);
}

/** Every call to storage says its version in a header. */
function kindOf(request: ClientRequest): 'read' | 'list' | 'write' | 'table' | undefined {
  if (request.getHeader('x-ms-version') === undefined) return undefined;
  if (request.getHeader('dataserviceversion') !== undefined) return 'table';
  if (request.method !== 'GET' && request.method !== 'HEAD') return 'write';
  return /[?&]comp=list(&|$)/.test(request.path) ? 'list' : 'read';
}
