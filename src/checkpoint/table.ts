import { isDeepStrictEqual } from 'node:util';

import { Failure } from '../core/failure.js';
import type { CheckpointStore, StoredRow } from './checkpoint.js';
import type { CheckpointRow } from './row.js';
import { entityOf, keysOf, rowOf, type CheckpointEntity } from './entity.js';
import { answerWithinMs, connectTable, statusOf, tableFailure, type TableOptions } from './tableConnection.js';

/** The checkpoint row in Table Storage. Contacts nothing until it is used; its first insert creates the table. */
export class TableCheckpoint implements CheckpointStore {
  constructor(
    private readonly where: TableOptions,
    private readonly client = connectTable(where),
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
      // guard: if-match-on-the-row
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
   * Handles a row that is not as expected. If it holds exactly what was to be written, it is our own write, whose
   * answer was lost.
   */
  private async ownAnswer(entity: CheckpointEntity, signal: AbortSignal | undefined): Promise<string> {
    const stored = await this.read(signal);
    // guard: own-answer
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

  private terms(abortSignal: AbortSignal | undefined) {
    return { requestOptions: { timeout: answerWithinMs(this.where) }, ...(abortSignal && { abortSignal }) };
  }

  private moved(how: string): Failure {
    const { source, stream, table } = this.where;
    const message = `The checkpoint row of ${source} and ${stream} in table ${table} ${how}.`;
    return new Failure('CheckpointMoved', message, { source, stream, table });
  }

  /** An abort and what is a failure already stay. */
  private failure(error: unknown, signal: AbortSignal | undefined): unknown {
    return error instanceof Failure || signal?.aborted ? error : tableFailure(error, this.where);
  }
}

const serviceColumns = new Set(['etag', 'timestamp']);
