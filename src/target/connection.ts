import { EventStoreDBClient } from '@eventstore/db-client';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { type CallOptions, Client, credentials, Metadata } from '@grpc/grpc-js';
import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import type { ConnectionSettings, Endpoint } from './connectionString.js';
import { type Doing, namedLeader, silence, targetFailure } from './targetFailure.js';
import { within } from './within.js';

/** How long the server may be silent while we connect, ask what it can do, or read; in milliseconds. */
export const answerMs = 15_000;

/** How the server takes appends. */
export interface AppendFeatures {
  /** It has BatchAppend (since 21.10). */
  readonly batch: boolean;
  /** A deadline may be a duration; without this, none is sent: a time of day means nothing between two clocks. */
  readonly durations: boolean;
}

/** An open channel to one node, and what every call on it carries. */
export interface Connection {
  readonly grpc: Client;
  /** Connection name, credentials and `requires-leader`; no gRPC deadline, since our own clock decides. */
  callArguments(): [Metadata, CallOptions];
  /** Asked once per connection. */
  features(): Promise<AppendFeatures>;
  /** True once the node has answered a call: then a failure may mean that only the connection is stale. */
  answered: boolean;
  /** True once it was thrown away: calls on it fail at once. */
  dropped: boolean;
}

/** The bytes of a message are made and read by us: gRPC passes them through. */
export const asBytes = (bytes: Buffer): Buffer => bytes;

/**
 * Opens channels through the client library (its discovery, TLS and credentials) and hands out the current one. One
 * that has failed is thrown away with its library client, so the next call discovers anew.
 */
export class Connections {
  private current: Promise<Connection> | undefined;
  private readonly dialled = new WeakMap<Connection, Promise<Connection>>();
  private leader: Endpoint | undefined;
  private readonly closing = new AbortController();

  constructor(
    private readonly settings: ConnectionSettings,
    private readonly clock: Clock,
  ) {}

  /** The server as messages name it. */
  doing(what: string): Doing {
    const server = this.settings.seeds.map(({ address, port }) => `${address}:${port}`).join(', ');
    return { what, server, secure: this.settings.channel.insecure !== true };
  }

  /** The current connection, or a new one. @throws Failure of a Target* kind, or the signal's reason */
  async connect(signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    this.closing.signal.throwIfAborted();
    const current = (this.current ??= this.dial());
    try {
      const connection = await this.answer(current, signal, 'connect');
      this.dialled.set(connection, current);
      return connection;
    } catch (error) {
      if (!signal.aborted) this.forget(current);
      throw error;
    }
  }

  /** Aborted with the signal, or when the target is closed. */
  until(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.closing.signal]);
  }

  /** How the server takes appends. @throws Failure of a Target* kind, or the signal's reason */
  async features(connection: Connection, signal: AbortSignal): Promise<AppendFeatures> {
    try {
      return await this.answer(connection.features(), signal, 'ask what the server can do');
    } catch (error) {
      this.drop(connection, error);
      throw error;
    }
  }

  /** Throws a failed connection away; when the error names the leader, the next one goes there. */
  drop(connection: Connection, error?: unknown): void {
    this.leader = namedLeader(error) ?? this.leader;
    connection.dropped = true;
    connection.grpc.close();
    if (this.current === this.dialled.get(connection)) this.current = undefined;
  }

  close(): void {
    this.closing.abort(new Failure('AppendUncertain', 'The connection to EventStoreDB was closed.'));
    if (this.current) this.forget(this.current);
  }

  private forget(connection: Promise<Connection>): void {
    if (this.current === connection) this.current = undefined;
    connection.then(
      ({ grpc }) => grpc.close(),
      () => undefined,
    );
  }

  private async answer<T>(work: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
    const doing = this.doing(what);
    try {
      const late = (): Failure => silence(doing, answerMs);
      return await within(work, answerMs, { clock: this.clock, signal: this.until(signal), late });
    } catch (error) {
      throw signal.aborted ? (signal.reason as Error) : targetFailure(error, doing);
    }
  }

  private async dial(): Promise<Connection> {
    const { leader } = this;
    this.leader = undefined;
    const client = libraryClient(this.settings, leader);
    const channel = await client['getChannel']().catch(async (error: unknown) => {
      throw (await this.diagnose()) ?? error;
    });
    let features: Promise<AppendFeatures> | undefined;
    return {
      grpc: new Client('-', credentials.createInsecure(), { channelOverride: channel }),
      callArguments: () => client['callArguments']({ requiresLeader: true }, { deadline: Infinity }),
      features: () => (features ??= askFeatures(client)),
      answered: false,
      dropped: false,
    };
  }

  /** Discovery does not say why it failed: ask the seeds ourselves. */
  private async diagnose(): Promise<unknown> {
    for (const seed of this.settings.seeds) {
      const error = await probe(seed, this.settings);
      if (error !== undefined) return error;
    }
    return undefined;
  }
}

function libraryClient({ seeds, dnsDiscover, ...rest }: ConnectionSettings, leader?: Endpoint): EventStoreDBClient {
  const { options, channel, credentials: user } = rest;
  const [first, ...others] = seeds;
  if (leader !== undefined) return new EventStoreDBClient({ ...options, endpoint: leader }, channel, user);
  if (first === undefined) throw new Failure('SettingsInvalid', 'EVENTSTORE_CONNECTION_STRING names no host.');
  if (dnsDiscover) return new EventStoreDBClient({ ...options, discover: first }, channel, user);
  if (others.length > 0) return new EventStoreDBClient({ ...options, endpoints: [...seeds] }, channel, user);
  return new EventStoreDBClient({ ...options, endpoint: first }, channel, user);
}

async function askFeatures(client: EventStoreDBClient): Promise<AppendFeatures> {
  const { batchAppend } = streamsService.StreamsService;
  return {
    batch: await client['supports'](batchAppend),
    durations: await client['supports'](batchAppend, 'deadline_duration'),
  };
}

/** Reads the cluster's gossip from one seed, as discovery does, and returns the error if there was one. */
function probe({ address, port }: Endpoint, { channel }: ConnectionSettings): Promise<Error | undefined> {
  const { rootCertificate, userKeyFile, userCertFile } = channel;
  const client = new Client(
    `${address}:${port}`,
    channel.insecure
      ? credentials.createInsecure()
      : credentials.createSsl(rootCertificate ?? null, userKeyFile ?? null, userCertFile ?? null),
  );
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      '/event_store.client.gossip.Gossip/Read',
      asBytes,
      asBytes,
      Buffer.alloc(0),
      new Metadata(),
      { deadline: Date.now() + 2_000 },
      (error) => {
        client.close();
        resolve(error ?? undefined);
      },
    );
  });
}
