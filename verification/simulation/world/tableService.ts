import { RestError, type TableClient, type TableEntityResult } from '@azure/data-tables';
import type { Network } from './network.js';
import type { SimulatedProcess } from './simulatedProcess.js';

type Entity = Record<string, unknown> & { readonly partitionKey: string; readonly rowKey: string };

interface StoredEntity {
  readonly entity: Entity;
  readonly etag: string;
}

/** Called with each row at the moment it is written. */
export type RowWatch = (entity: Readonly<Record<string, unknown>>, process: SimulatedProcess | undefined) => void;

/** How long the SDK waits for an answer to one request, in ms; the code under test sets this. */
const patienceMs = 10_000;

/**
 * A model of one table of Table Storage: entities with ETags, insert, conditional replace. It includes the retries of
 * the client: a write whose answer was lost is sent again, and finds the row that its first try wrote (`tableTwice`).
 */
export class TableService {
  /** Every row that was ever written, oldest first. */
  readonly history: StoredEntity[] = [];
  private stored: StoredEntity | undefined;
  private exists = false;
  private writes = 0;

  constructor(
    private readonly network: Network,
    private readonly watch: RowWatch,
  ) {}

  get row(): Readonly<Record<string, unknown>> | undefined {
    return this.stored?.entity;
  }

  /** Deletes the row, as a person may do. */
  delete(): void {
    this.stored = undefined;
  }

  /** Puts an earlier row back, as a person may do. */
  restore(index: number): void {
    const earlier = this.history[index];
    if (earlier) this.stored = { ...earlier, etag: this.nextEtag() };
  }

  /** The table client of one process. */
  client(process: SimulatedProcess): TableClient {
    const client = {
      createTable: () => this.call(process, 'table.create', true, () => void (this.exists = true)),
      getEntity: (partitionKey: string, rowKey: string, options: Options) =>
        this.call(process, 'table.read', false, () => this.read(partitionKey, rowKey), options),
      createEntity: (entity: Entity, options: Options) =>
        this.call(process, 'table.insert', true, () => this.insert(entity, process), options),
      updateEntity: (entity: Entity, _mode: string, options: Options & { readonly etag: string }) =>
        this.call(process, 'table.replace', true, () => this.replace(entity, options.etag, process), options),
    };
    return client as unknown as TableClient;
  }

  private call<T>(
    process: SimulatedProcess,
    what: string,
    writes: boolean,
    perform: () => T,
    options: Options = {},
  ): Promise<T> {
    const { faults } = this.network;
    const isLost = writes && faults.hits('tableLost');
    const isLate = writes && faults.hits('tableLate');
    const isTwice = writes && faults.hits('tableTwice');
    return this.network.call(process, {
      service: 'table',
      what,
      writes,
      perform: () => {
        const first = perform();
        return isTwice ? perform() : first;
      },
      unreachable: (why) => new RestError(why, { code: 'ECONNRESET' }),
      denied: () => restError(403, 'AuthorizationFailure'),
      patienceMs,
      signal: options.abortSignal,
      fails: faults.hits('tableError') ? 'refused' : isLate ? 'late' : isLost ? 'lost' : undefined,
    });
  }

  private read(partitionKey: string, rowKey: string): TableEntityResult<Entity> {
    this.mustExist();
    const { stored } = this;
    if (stored?.entity.partitionKey !== partitionKey || stored.entity.rowKey !== rowKey) {
      throw restError(404, 'ResourceNotFound');
    }
    return { ...stored.entity, etag: stored.etag, timestamp: '2013-10-15T09:30:00Z' };
  }

  private insert(entity: Entity, process: SimulatedProcess) {
    this.mustExist();
    if (this.stored) throw restError(409, 'EntityAlreadyExists');
    return this.write(entity, process);
  }

  private replace(entity: Entity, etag: string, process: SimulatedProcess) {
    this.mustExist();
    if (!this.stored) throw restError(404, 'ResourceNotFound');
    if (this.stored.etag !== etag) throw restError(412, 'UpdateConditionNotSatisfied');
    return this.write(entity, process);
  }

  private write(entity: Entity, process: SimulatedProcess): { etag: string } {
    const columns = Object.fromEntries(Object.entries(entity).filter(([, value]) => value !== undefined)) as Entity;
    this.stored = { entity: columns, etag: this.nextEtag() };
    this.history.push(this.stored);
    this.watch(columns, process);
    return { etag: this.stored.etag };
  }

  private mustExist(): void {
    if (!this.exists) throw restError(404, 'TableNotFound');
  }

  private nextEtag(): string {
    return `W/"datetime'${++this.writes}'"`;
  }
}

interface Options {
  readonly abortSignal?: AbortSignal | undefined;
}

function restError(statusCode: number, code: string): RestError {
  return new RestError(code, { statusCode, code });
}
