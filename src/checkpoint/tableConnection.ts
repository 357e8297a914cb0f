import { RestError, TableClient, type TableServiceClientOptions } from '@azure/data-tables';

import { Failure } from '../core/failure.js';
import { accountOf, azureCredential, serviceUrl, type StorageConnection } from '../storage/connection.js';
import { redact } from '../core/redact.js';

/** Which table, how to reach it, and whose rows in it. */
export interface TableOptions {
  readonly source: string;
  readonly stream: string;
  readonly storage: StorageConnection;
  readonly table: string;
  /** A request without an answer is given up after this long. Default 10 s. */
  readonly answerWithinMs?: number;
  /** Laid over the client's own options. */
  readonly client?: TableServiceClientOptions;
}

/** A healthy service answers in milliseconds; a refused or dropped request is tried four times within this time. */
const defaultAnswerWithinMs = 10_000;

const defaultOptions: TableServiceClientOptions = {
  retryOptions: { maxRetries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 8_000 },
};

/** A client for the table; contacts nothing. */
export function connectTable({ storage, table, client }: TableOptions): TableClient {
  const options = { ...defaultOptions, ...client };
  switch (storage.kind) {
    case 'connectionString':
      // Only the emulator uses http, and its connection says so itself.
      return TableClient.fromConnectionString(storage.value, table, { ...options, allowInsecureConnection: true });
    case 'url':
      return new TableClient(storage.url, table, { ...options, allowInsecureConnection: true });
    case 'identity':
      return new TableClient(serviceUrl(storage, 'table') ?? '', table, azureCredential(storage), options);
  }
}

export function answerWithinMs(options: TableOptions): number {
  return options.answerWithinMs ?? defaultAnswerWithinMs;
}

export function tableFailure(error: unknown, options: TableOptions): Failure {
  const { table, storage } = options;
  const account = accountOf(storage);
  const [status, code] = [statusOf(error), codeOf(error)];
  const silent = error instanceof Error && error.name === 'AbortError';
  const said = status === undefined ? 'cannot be reached' : `answers ${status}`;
  const reason = silent ? `no answer within ${answerWithinMs(options)} ms` : reasonOf(error);
  const why = [code, reason].filter((part) => part !== undefined && part !== '').join(': ');
  return new Failure(
    'CheckpointUnreachable',
    `The checkpoint table ${table} of account ${account} ${said}${why === '' ? '' : ` (${why})`}.`,
    { table, account, ...(status !== undefined && { status }), ...(code && { code }) },
    { cause: error },
  );
}

export function statusOf(error: unknown): number | undefined {
  return error instanceof RestError ? error.statusCode : undefined;
}

/** `AuthorizationFailure`, `ECONNREFUSED` and the like. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof RestError)) return undefined;
  const details = error.details as { odataError?: { code?: string } } | undefined;
  return details?.odataError?.code ?? error.code;
}

/** The first line of the library's message, which may hold a whole request. */
function reasonOf(error: unknown): string | undefined {
  const details = error instanceof RestError ? (error.details as OdataDetails | undefined) : undefined;
  const said = details?.odataError?.message?.value ?? (error instanceof Error ? error.message : String(error));
  return redact(said.split('\n')[0] ?? '').slice(0, 300);
}

interface OdataDetails {
  readonly odataError?: { readonly message?: { readonly value?: string } };
}
