import { EventStoreDBClient } from '@eventstore/db-client';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { Clock } from '../../core/clock.js';
import { Failure } from '../../core/failure.js';
import { unlessAborted, withLinkedAbort } from '../../core/time.js';
import { answerMs, type AppendFeatures, asBytes, Connection } from './connection.js';
import type { ConnectionSettings, Endpoint } from './connectionString.js';
import { closeMuteSockets, watchSockets } from './muteSockets.js';
import { type Doing, namedLeader, silence, targetFailure } from '../failure.js';

/** A server that has not begun to answer a handshake after so long never will; in milliseconds. */
const deadHandshakeMs = 10_000;

/**
 * Opens channels through the client library (its discovery, TLS and credentials) and hands out the current one. One
 * that has failed is thrown away with its library client, so the next call discovers anew.
 */
export class Connections {
  private current: Promise<Connection> | undefined;
  private readonly dialled = new WeakMap<Connection, Promise<Connection>>();
  /** Where our sockets go. */
  private readonly ports: Set<number>;
  private leader: Endpoint | undefined;
  private readonly closing = new AbortController();

  constructor(
    private readonly settings: ConnectionSettings,
    private readonly clock: Clock,
  ) {
    this.ports = new Set(settings.seeds.map(({ port }) => port));
  }

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

  /** Does the work under a signal that is aborted with the one given, or when the target is closed. */
  untilClosed<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return withLinkedAbort([signal, this.closing.signal], undefined, work);
  }

  /** The current connection and how its server takes appends. @throws as {@link connect} */
  async ready(signal: AbortSignal): Promise<{ connection: Connection; features: AppendFeatures }> {
    const connection = await this.connect(signal);
    try {
      return { connection, features: await this.answer(connection.features(), signal, 'ask what the server can do') };
    } catch (error) {
      // Whoever threw the connection away meanwhile had a reason, but it need not be ours.
      if (connection.closed) return await this.ready(signal);
      if (!signal.aborted) this.drop(connection, error);
      throw error;
    }
  }

  /** Throws a failed connection away; when the error names the leader, the next one goes there. */
  drop(connection: Connection, error?: unknown): void {
    this.leader = namedLeader(error) ?? this.leader;
    connection.close();
    closeMuteSockets(this.ports, deadHandshakeMs);
    if (this.current === this.dialled.get(connection)) this.current = undefined;
  }

  close(): void {
    this.closing.abort(new Failure('AppendUncertain', 'The connection to EventStoreDB was closed.'));
    if (this.current) this.forget(this.current);
    closeMuteSockets(this.ports, 0);
  }

  private forget(connection: Promise<Connection>): void {
    if (this.current === connection) this.current = undefined;
    closeMuteSockets(this.ports, deadHandshakeMs);
    connection.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  private async answer<T>(work: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
    const doing = this.doing(what);
    try {
      const limit = { clock: this.clock, ms: answerMs, late: () => silence(doing, answerMs) };
      const ends = [signal, this.closing.signal];
      return await withLinkedAbort(ends, limit, (ended) => unlessAborted(work, ended));
    } catch (error) {
      throw signal.aborted ? (signal.reason as Error) : targetFailure(error, doing);
    }
  }

  private async dial(): Promise<Connection> {
    watchSockets();
    const { leader } = this;
    this.leader = undefined;
    const client = libraryClient(this.settings, leader);
    const channel = await client['getChannel']().catch(async (error: unknown) => {
      throw (await this.diagnose()) ?? error;
    });
    this.ports.add(Number(channel.getTarget().split(':').at(-1)));
    // guard: requires-leader
    const toLeader = { requiresLeader: true };
    return new Connection(channel, () => client['callArguments'](toLeader, { deadline: Infinity }));
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
