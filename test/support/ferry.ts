import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { TableClient } from '@azure/data-tables';
import { EventStoreDBClient } from '@eventstore/db-client';
import { onTestFinished } from 'vitest';
import type { EventStoreServer, StoredEvent } from '../../dev/eventstore/eventStoreServer.js';
import type { CheckpointRow } from '../../src/checkpoint/row.js';
import { keysOf } from '../../src/checkpoint/entity.js';
import { TableCheckpoint } from '../../src/checkpoint/table.js';
import type { Clock } from '../../src/core/clock.js';
import { loadConfig, type Config, type Environment } from '../../src/config/config.js';
import type { RunReport } from '../../src/engine/terms.js';
import { createReplicator, type Replicator, type RunOrder } from '../../src/replicator.js';
import { Runtime } from '../../src/runtime.js';
import { parseConnectionString } from '../../src/target/connect/connectionString.js';
import { azuriteConnectionString, freshContainerName, freshTableName } from './services/azurite.js';
import { RecordingLogger } from './recordingLogger.js';
import { FakeClock } from './fakeClock.js';
import { tapeOf } from './stores/tapeWriter.js';

/** A record as a test writes it: its key, and type and body of each message. */
export interface WrittenRecord {
  readonly key?: string;
  readonly messages?: readonly (readonly [type: string, body: string | Uint8Array])[];
}

/** The bytes of a chunk with these records. */
export function tapeBytes(records: readonly WrittenRecord[]): Buffer {
  return tapeOf(
    records.map(({ key = 'customer-1', messages = [['Sample', '{"N":1}']] }, index) => ({
      stamp: BigInt(index + 1),
      key,
      messages: messages.map(([type, body]) => [type, Buffer.from(body)] as const),
    })),
  );
}

/** Records with one small event each. Each body holds the record's number. */
export function numbered(from: number, to: number): WrittenRecord[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({
    messages: [['Numbered', `{"N":${from + index}}`]] as const,
  }));
}

/** The whole product, on a container, a table and a stream that no other test uses. */
export class Ferry {
  readonly stream = freshContainerName('stream');
  readonly table = freshTableName();
  readonly logger = new RecordingLogger();
  private readonly replicators: Replicator[] = [];

  private constructor(
    readonly server: EventStoreServer,
    readonly container: ContainerClient,
    private readonly settings: Environment,
  ) {}

  static async open(server: EventStoreServer, settings: Environment = {}): Promise<Ferry> {
    const service = BlobServiceClient.fromConnectionString(azuriteConnectionString());
    const container = service.getContainerClient(freshContainerName());
    await container.create();
    const ferry = new Ferry(server, container, settings);
    onTestFinished(() => ferry.close());
    return ferry;
  }

  environment(overrides: Environment = {}): Environment {
    return {
      AzureWebJobsStorage: azuriteConnectionString(),
      SOURCE_CONTAINER: this.container.containerName,
      CHECKPOINT_TABLE: this.table,
      EVENTSTORE_CONNECTION_STRING: this.server.connectionString,
      TARGET_STREAM: this.stream,
      IDLE_POLL_MS: '20',
      OUTAGE_WAIT_SECONDS: '1',
      SETTLE_SECONDS: '0',
      ...this.settings,
      ...overrides,
    };
  }

  config(overrides: Environment = {}): Config {
    return loadConfig(this.environment(overrides)).config;
  }

  /** A new replicator, as a new process makes it. Its waits take no time. */
  replicator(overrides: Environment = {}, clock: Clock = FakeClock.flowing()): Replicator {
    const replicator = createReplicator(this.config(overrides), new Runtime({ logger: this.logger, clock }));
    this.replicators.push(replicator);
    return replicator;
  }

  /** Runs a new replicator until it has caught up; an outage ends the run. */
  run(overrides: Environment = {}, order: Partial<RunOrder> = {}): Promise<RunReport> {
    const stop = new AbortController().signal;
    return this.replicator(overrides).run({ stop, whenCaughtUp: 'exit', onOutage: 'fail', ...order });
  }

  /** Writes a chunk whole, as a block blob. */
  async write(chunk: string, records: readonly WrittenRecord[] | Buffer): Promise<void> {
    const bytes = Buffer.isBuffer(records) ? records : tapeBytes(records);
    await this.container.getBlockBlobClient(chunk).upload(bytes, bytes.length);
  }

  /** What the target stream holds. */
  events(): StoredEvent[] {
    return this.server.events(this.stream);
  }

  /** The bodies in the target stream, as text. */
  bodies(): string[] {
    return this.events().map(({ data }) => data.toString());
  }

  /** The checkpoint row as the table has it. */
  async row(overrides: Environment = {}): Promise<CheckpointRow | undefined> {
    return (await this.store(overrides).load())?.row;
  }

  async changeRow(change: (row: CheckpointRow) => CheckpointRow): Promise<void> {
    const stored = await this.store().load();
    if (!stored) throw new Error('there is no row to change');
    await this.store().replace(change(stored.row), stored.etag);
  }

  /** Writes columns of the row directly, also values that Eventferry never writes. */
  async changeEntity(columns: Record<string, unknown>, overrides: Environment = {}): Promise<void> {
    const { source, target } = this.config(overrides);
    const table = TableClient.fromConnectionString(azuriteConnectionString(), this.table, {
      allowInsecureConnection: true,
    });
    await table.updateEntity({ ...keysOf(source.id, target.stream), ...columns }, 'Merge');
  }

  /** The client library from npm, for changes that another program makes to the stream. */
  client(overrides: Environment = {}): EventStoreDBClient {
    const { connectionString, tlsCa } = this.config(overrides).target;
    const { seeds, channel, credentials } = parseConnectionString(connectionString, tlsCa);
    const [endpoint = { address: '', port: 0 }] = seeds;
    const client = new EventStoreDBClient({ endpoint }, channel, credentials);
    onTestFinished(() => client.dispose());
    return client;
  }

  private store(overrides: Environment = {}) {
    const { checkpoint, source, target } = this.config(overrides);
    return new TableCheckpoint({ ...checkpoint, source: source.id, stream: target.stream });
  }

  private async close(): Promise<void> {
    await Promise.all(this.replicators.map((replicator) => replicator.close()));
    await this.container.deleteIfExists();
  }
}

/** Bodies `{"N":from}` to `{"N":to}`, as {@link numbered} writes them. */
export function numberedBodies(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `{"N":${from + index}}`);
}
