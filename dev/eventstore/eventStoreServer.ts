import { Server, ServerCredentials, type UntypedHandleCall } from '@grpc/grpc-js';
import { systemClock } from '../../src/core/clock.js';
import { append } from './services/appendService.js';
import { batchAppend } from './services/batchAppendService.js';
import { Connections, LOOPBACK } from './connections.js';
import { softDelete, tombstone } from './services/deleteService.js';
import { EventStore } from './store/eventStore.js';
import { Faults } from './faults.js';
import { Journal } from './journal/journal.js';
import type { Node } from './node.js';
import { gossip, supportedMethods } from './services/nodeServices.js';
import { GossipService, RawStreamsService, ServerFeaturesService } from './protocol/protocol.js';
import { read } from './services/readService.js';
import { MAX_MESSAGE_BYTES } from './protocol/rpcFailure.js';

/** gRPC's own limit. It is higher than the server's: the services check that one and answer in the server's words. */
const RECEIVE_LIMIT_BYTES = 4 * MAX_MESSAGE_BYTES;

export interface EventStoreServerOptions {
  /** Default: 0, which takes a free port. */
  port?: number;
  /** The folder that keeps the data; without it, data is in memory only. */
  dir?: string;
  /** Serve TLS with this certificate and key (PEM). */
  tls?: { cert: string | Buffer; key: string | Buffer };
  /** The only user that is let in. Clients send credentials over TLS only. */
  user?: { name: string; password: string };
  /** Limit of one append; default 1,048,576, as servers up to 25.0 have it. */
  maxAppendBytes?: number;
  /** Limit of one event; default none. */
  maxEventBytes?: number;
  /** Whether metadata and type names count against the limits, as they do from 24.10.4 on; default false. */
  countsMetadata?: boolean;
  /** How long a write may take before it is answered with Timeout; default 2000. */
  writeTimeoutMs?: number;
  /** The clock for time limits; default: the clock of the machine. */
  clock?: Node['clock'];
  /** Keep no event data (ids, types and metadata stay). */
  discardBodies?: boolean;
}

/** An event as a test sees it. */
export interface StoredEvent {
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly contentType: 'application/json' | 'application/octet-stream';
  readonly data: Buffer;
  readonly metadata: Buffer;
}

export interface EventStoreServer {
  readonly port: number;
  /** A connection string for the client library, without credentials. */
  readonly connectionString: string;
  readonly faults: Faults;
  /** The committed events of a stream from revision `from` on, hidden ones too, read directly from memory. */
  events(stream: string, from?: number): StoredEvent[];
  /** The revision of the last committed event, or -1 when there is none. */
  lastRevision(stream: string): number;
  /** Names of all streams that were ever written. */
  streams(): string[];
  /** Takes a stream back to an earlier revision, as a restored backup does; -1 takes it back to never written. */
  truncateTo(stream: string, revision: number): Promise<void>;
  /** Cuts all connections and stops listening. Data stays for the next start; a second call does nothing. */
  stop(): Promise<void>;
  /** Listens again, on the same port and with the same data. */
  start(): Promise<void>;
}

/**
 * Starts an emulator of the EventStoreDB gRPC protocol, for development and tests only. It listens on 127.0.0.1.
 * Rejects if the port is taken or the directory cannot be used.
 */
export async function startEventStore(options: EventStoreServerOptions = {}): Promise<EventStoreServer> {
  const server = new EmbeddedServer(options);
  await server.start();
  return server;
}

class EmbeddedServer implements EventStoreServer {
  readonly faults: Faults;
  private readonly address: { host: string; port: number };
  private readonly batchAppendCalls = new Set<() => void>();
  private store: EventStore;
  private running: { connections: Connections; grpc: Server; journal: Journal | undefined } | undefined;

  constructor(private readonly options: EventStoreServerOptions) {
    this.address = { host: LOOPBACK, port: options.port ?? 0 };
    this.store = new EventStore(options.discardBodies === undefined ? {} : { discardBodies: options.discardBodies });
    this.faults = new Faults({
      dropConnections: () => this.running?.connections.drop(),
      endBatchAppendCalls: () => this.batchAppendCalls.forEach((end) => end()),
      holdCommits: () => this.store.commits.hold(),
    });
  }

  get port(): number {
    return this.address.port;
  }

  get connectionString(): string {
    return `esdb://${LOOPBACK}:${this.port}?tls=${this.options.tls !== undefined}`;
  }

  async start(): Promise<void> {
    if (this.running) return;
    const journal = await this.openJournal();
    const grpc = this.grpcServer();
    const { tls } = this.options;
    const credentials = tls
      ? ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }])
      : ServerCredentials.createInsecure();
    const injector = grpc.createConnectionInjector(credentials);
    const connections = new Connections((socket) => injector.injectConnection(socket));
    try {
      this.address.port = await connections.listen(this.address.port);
    } catch (error) {
      await journal?.close();
      throw error;
    }
    this.running = { connections, grpc, journal };
  }

  async stop(): Promise<void> {
    const { running } = this;
    if (!running) return;
    this.running = undefined;
    await running.connections.close();
    running.grpc.forceShutdown();
    this.store.forgetRecentIds();
    if (!running.journal) return;
    await this.store.commits.abandonHeld();
    await running.journal.close();
  }

  events(stream: string, from = 0): StoredEvent[] {
    const state = this.store.streams.find(stream);
    const events: StoredEvent[] = [];
    for (let revision = from; revision <= (state?.committed ?? -1); revision++) {
      const ref = state?.at(revision);
      if (!ref) continue;
      const { stored, index } = ref;
      events.push({
        revision,
        id: stored.events.id(index),
        type: stored.events.type(index),
        contentType: stored.events.isJson(index) ? 'application/json' : 'application/octet-stream',
        data: stored.events.data(index),
        metadata: stored.events.metadata(index),
      });
    }
    return events;
  }

  lastRevision(stream: string): number {
    return this.store.streams.find(stream)?.committed ?? -1;
  }

  streams(): string[] {
    return this.store.streams.names;
  }

  truncateTo(stream: string, revision: number): Promise<void> {
    return this.store.truncate(stream, revision);
  }

  /** With a directory, each start reads all data from disk again, as a restart does. */
  private async openJournal(): Promise<Journal | undefined> {
    const { dir, discardBodies = false } = this.options;
    if (dir === undefined) return undefined;
    const store = new EventStore({ discardBodies, persist: async (records) => journal.append(records) });
    const journal: Journal = await Journal.open(dir, (record) => store.replay(record));
    this.store = store;
    return journal;
  }

  private grpcServer(): Server {
    const { maxAppendBytes = 1_048_576, maxEventBytes, countsMetadata = false, writeTimeoutMs = 2000 } = this.options;
    const node: Node = {
      store: this.store,
      faults: this.faults,
      clock: this.options.clock ?? systemClock,
      limits: { maxAppendBytes, maxEventBytes, countsMetadata, writeTimeoutMs },
      user: this.options.user,
      address: this.address,
      batchAppendCalls: this.batchAppendCalls,
    };
    const grpc = new Server({
      'grpc.max_receive_message_length': RECEIVE_LIMIT_BYTES,
      'grpc.max_send_message_length': -1,
    });
    const streams: Record<string, unknown> = {
      read: read(node),
      append: append(node),
      batchAppend: batchAppend(node),
      delete: softDelete(node),
      tombstone: tombstone(node),
    };
    grpc.addService(RawStreamsService, streams as Record<string, UntypedHandleCall>);
    grpc.addService(ServerFeaturesService, { getSupportedMethods: supportedMethods(node) as UntypedHandleCall });
    grpc.addService(GossipService, { read: gossip(node) as UntypedHandleCall });
    return grpc;
  }
}
