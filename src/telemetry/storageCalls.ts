import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

import type { Telemetry } from './telemetry.js';

const channel = 'http.client.request.start';

/** Counts the calls to storage that some work makes. */
export interface Counting {
  /** Counts the calls of this work, also those that it makes later. */
  readonly during: <T>(work: () => T) => T;
  /** Counts the calls that each step of the iteration makes. */
  readonly duringEach: <T>(items: () => AsyncIterable<T>) => AsyncIterable<T>;
}

export const notCounted: Counting = { during: (work) => work(), duringEach: (items) => items() };

/**
 * Counts what is asked of storage, each try for itself, as it is billed: the SDKs repeat calls by themselves, so the
 * requests are counted where they leave. Calls of work that nobody counts are left out.
 */
export class StorageCalls {
  /** Where the calls of the work under way are counted. */
  private readonly counted = new AsyncLocalStorage<Telemetry>();

  constructor() {
    subscribe(channel, this.count);
  }

  countingFor(telemetry: Telemetry): Counting {
    const during = <T>(work: () => T): T => this.counted.run(telemetry, work);
    return {
      during,
      duringEach: (items) => ({
        [Symbol.asyncIterator]: () => {
          const iterator = during(() => items()[Symbol.asyncIterator]());
          return {
            next: () => during(() => iterator.next()),
            return: () => during(() => iterator.return?.() ?? Promise.resolve({ done: true, value: undefined })),
          };
        },
      }),
    };
  }

  close(): void {
    unsubscribe(channel, this.count);
  }

  private readonly count = (message: unknown): void => {
    const telemetry = this.counted.getStore();
    const kind = telemetry && kindOf((message as { readonly request: ClientRequest }).request);
    if (kind) telemetry.add('eventferry.storage.calls', 1, { kind });
  };
}

/** Every call to storage says its version in a header. */
function kindOf(request: ClientRequest): 'read' | 'list' | 'write' | 'table' | undefined {
  if (request.getHeader('x-ms-version') === undefined) return undefined;
  if (request.getHeader('dataserviceversion') !== undefined) return 'table';
  if (request.method !== 'GET' && request.method !== 'HEAD') return 'write';
  return /[?&]comp=list(&|$)/.test(request.path) ? 'list' : 'read';
}
