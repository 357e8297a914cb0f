import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

import type { Telemetry } from './telemetry.js';

const channel = 'http.client.request.start';

/** On whose behalf the code runs that makes a call. */
const caller = new AsyncLocalStorage<StorageCalls>();

/**
 * Counts what is asked of storage during its work, each try for itself, as it is billed: the SDKs repeat calls by
 * themselves, so the requests are counted where they leave. Calls of other work in the process are not counted.
 */
export class StorageCalls {
  constructor(private readonly telemetry: Telemetry) {
    subscribe(channel, this.count);
  }

  /** Counts the calls of this work, also those that it makes later. */
  readonly during = <T>(work: () => T): T => caller.run(this, work);

  /** Counts the calls that each step of the iteration makes. */
  readonly duringEach = <T>(items: () => AsyncIterable<T>): AsyncIterable<T> => ({
    [Symbol.asyncIterator]: () => {
      const iterator = this.during(() => items()[Symbol.asyncIterator]());
      return {
        next: () => this.during(() => iterator.next()),
        return: () => this.during(() => iterator.return?.() ?? Promise.resolve({ done: true, value: undefined })),
      };
    },
  });

  /** Ends the counting. */
  readonly close = (): void => {
    unsubscribe(channel, this.count);
  };

  private readonly count = (message: unknown): void => {
    if (caller.getStore() !== this) return;
    const kind = kindOf((message as { readonly request: ClientRequest }).request);
    if (kind) this.telemetry.add('eventferry.storage.calls', 1, { kind });
  };
}

/** Every call to storage says its version in a header. */
function kindOf(request: ClientRequest): 'read' | 'list' | 'write' | 'table' | undefined {
  if (request.getHeader('x-ms-version') === undefined) return undefined;
  if (request.getHeader('dataserviceversion') !== undefined) return 'table';
  if (request.method !== 'GET' && request.method !== 'HEAD') return 'write';
  return /[?&]comp=list(&|$)/.test(request.path) ? 'list' : 'read';
}
