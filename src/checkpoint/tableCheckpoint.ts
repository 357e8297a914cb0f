import { RestError, TableClient } from '@azure/data-tables';
import type { TableServiceClientOptions } from '@azure/data-tables';
import { isDeepStrictEqual } from 'node:util';

import { Failure } from '../errors.js';
import { accountOf, azureCredential, serviceUrl } from '../storageConnection.js';
import type { StorageConnection } from '../storageConnection.js';
import { redact } from '../telemetry/redact.js';
import type { CheckpointRow, CheckpointStore, StoredRow } from './checkpoint.js';
import { entityOf, keysOf, rowOf } from './checkpointEntity.js';
import type { CheckpointEntity } from './checkpointEntity.js';

/** Where the row is, and whose it is. */
export interface TableCheckpointOptions {
  readonly storage: StorageConnection;
  readonly table: string;
  readonly source: string;
  readonly stream: string;
  /** A request without an answer is given up after this long. Default 10 s. */
  readonly answerWithinMs?: number;
  /** Laid over the client's own options. */
  readonly client?: TableServiceClientOptions;
}

/** A service that is there answers in milliseconds; what it refuses or drops is tried four times within this. */
const standardAnswerWithinMs = 10_000;

const standardOptions: TableServiceClientOptions = {
  retryOptions: { maxRetries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 8_000 },
};

/** The checkpoint row in Table Storage. Contacts nothing until it is used; makes the table when it first inserts. */
export function tableCheckpoint(options: TableCheckpointOptions): CheckpointStore {
  return new TableCheckpoint(clientOf(options), options);
}

function clientOf({ storage, table, client }: TableCheckpointOptions): TableClient {
  const options = { ...standardOptions, ...client };
  switch (storage.kind) {
    case 'connectionString':
      // Only the emulator's connection is not https, and it says so itself.
      return TableClient.fromConnectionString(storage.value, table, { ...options, allowInsecureConnection: true });
    case 'url':
      return new TableClient(storage.url, table, { ...options, allowInsecureConnection: true });
    case 'identity':
      return new TableClient(serviceUrl(storage, 'table') ?? '', table, azureCredential(storage), options);
  }
}

class TableCheckpoint implements CheckpointStore {
  constructor(
    private readonly client: TableClient,
    private readonly where: TableCheckpointOptions,
  ) {}

  async load(signal?: AbortSignal): Promise<StoredRow | undefined> {
    const stored = await this.read(signal);
    return stored && { row: rowOf(stored.entity), etag: stored.etag };
  }

  async insert(row: CheckpointRow, signal?: AbortSignal): Promise<StoredRow> {
    const entity = entityOf(row);
    try {
      return { row, etag: await this.create(entity, signal) };
    } catch (error) {
      if (statusOf(error) !== 409) throw this.failure(error, signal);
      return { row, etag: await this.ownAnswer(entity, signal) };
    }
  }

  async replace(row: CheckpointRow, etag: string, signal?: AbortSignal): Promise<StoredRow> {
    const entity = entityOf(row);
    try {
      const answer = await this.client.updateEntity(entity, 'Replace', { etag, ...this.terms(signal) });
      return { row, etag: answer.etag ?? (await this.ownAnswer(entity, signal)) };
    } catch (error) {
      const status = statusOf(error);
      if (status === 404) throw this.moved('was deleted');
      if (status !== 412) throw this.failure(error, signal);
      return { row, etag: await this.ownAnswer(entity, signal) };
    }
  }

  /** Creates the row, and the table before it when there is none. */
  private async create(entity: CheckpointEntity, signal: AbortSignal | undefined): Promise<string> {
    const insert = () => this.client.createEntity(entity, this.terms(signal));
    try {
      return (await insert()).etag ?? (await this.ownAnswer(entity, signal));
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
    await this.client.createTable(this.terms(signal));
    return (await insert()).etag ?? (await this.ownAnswer(entity, signal));
  }

  /**
   * The row is not as it was expected. It may be our own write whose answer was lost on the way, or never came: then
   * it holds exactly what was to be written.
   */
  private async ownAnswer(entity: CheckpointEntity, signal: AbortSignal | undefined): Promise<string> {
    const stored = await this.read(signal);
    if (stored && isDeepStrictEqual(stored.entity, entity)) return stored.etag;
    throw this.moved(stored ? 'was changed by someone else' : 'was deleted');
  }

  private async read(
    signal: AbortSignal | undefined,
  ): Promise<{ readonly entity: Record<string, unknown>; readonly etag: string } | undefined> {
    const { partitionKey, rowKey } = keysOf(this.where.source, this.where.stream);
    try {
      const entity: Record<string, unknown> = await this.client.getEntity(partitionKey, rowKey, this.terms(signal));
      const columns = Object.entries(entity).filter(
        ([name]) => !serviceColumns.has(name) && !name.startsWith('odata.'),
      );
      return { entity: Object.fromEntries(columns), etag: String(entity['etag']) };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw this.failure(error, signal);
    }
  }

  private get answerWithinMs(): number {
    return this.where.answerWithinMs ?? standardAnswerWithinMs;
  }

  private terms(abortSignal: AbortSignal | undefined) {
    return { requestOptions: { timeout: this.answerWithinMs }, ...(abortSignal && { abortSignal }) };
  }

  private moved(how: string): Failure {
    const { source, stream, table } = this.where;
    return new Failure('CheckpointMoved', `The checkpoint row of ${source} and ${stream} in table ${table} ${how}.`, {
      source,
      stream,
      table,
    });
  }

  /** What a request failed with, as the failure people are told; an abort and what is a failure already stay. */
  private failure(error: unknown, signal: AbortSignal | undefined): unknown {
    if (error instanceof Failure || signal?.aborted) return error;
    const account = accountOf(this.where.storage);
    const [status, code] = [statusOf(error), codeOf(error)];
    const silent = error instanceof Error && error.name === 'AbortError';
    const said = status === undefined ? 'cannot be reached' : `answers ${status}`;
    const reason = silent ? `no answer within ${this.answerWithinMs} ms` : reasonOf(error);
    const why = [code, reason].filter((part) => part !== undefined && part !== '').join(': ');
    return new Failure(
      'CheckpointUnreachable',
      `The checkpoint table ${this.where.table} of account ${account} ${said}${why === '' ? '' : ` (${why})`}.`,
      { table: this.where.table, account, ...(status !== undefined && { status }), ...(code && { code }) },
      { cause: error },
    );
  }
}

const serviceColumns = new Set(['etag', 'timestamp']);

function statusOf(error: unknown): number | undefined {
  return error instanceof RestError ? error.statusCode : undefined;
}

/** `AuthorizationFailure`, `ECONNREFUSED` and the like. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof RestError)) return undefined;
  const details = error.details as { odataError?: { code?: string } } | undefined;
  return details?.odataError?.code ?? error.code;
}

/** The first line of what the library says; it may hold a whole request. */
function reasonOf(error: unknown): string | undefined {
  const details = error instanceof RestError ? (error.details as OdataDetails | undefined) : undefined;
  const said = details?.odataError?.message?.value ?? (error instanceof Error ? error.message : String(error));
  return redact(said.split('\n')[0] ?? '').slice(0, 300);
}

interface OdataDetails {
  readonly odataError?: { readonly message?: { readonly value?: string } };
}
