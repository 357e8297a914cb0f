import { randomUUID } from 'node:crypto';

import type { Clock } from '../../core/clock.js';
import { Failure } from '../../core/failure.js';
import { ignoreRejection, unlessAborted, withLinkedAbort } from '../../core/time.js';
import { type Doing, namedLeader, silence, targetFailure } from '../failure.js';
import { answerMs, type AppendFeatures, type Connection } from './connection.js';
import { nodeName, type ConnectionSettings, type Endpoint } from './connectionString.js';
import { dialNode } from './dial.js';
import { OwnSockets } from './ownSockets.js';

/** A connection that is being made or is open. */
interface Dialled {
  readonly sockets: OwnSockets;
  readonly connection: Promise<Connection>;
  open?: Connection;
}

/** Hands out the connection to the server. One that has failed is thrown away, and the next call discovers anew. */
export class Connections {
  private current: Dialled | undefined;
  private readonly name: string;
  private readonly server: string;
  private leader: Endpoint | undefined;
  private readonly closing = new AbortController();

  constructor(
    private readonly settings: ConnectionSettings,
    private readonly clock: Clock,
    /** How a node is found and connected to. */
    private readonly dial = dialNode,
  ) {
    this.name = settings.options.connectionName ?? randomUUID();
    this.server = settings.seeds.map(nodeName).join(', ');
  }

  /** The server as messages name it. */
  doing(what: string): Doing {
    return { what, server: this.server, secure: this.settings.channel.insecure !== true };
  }

  /** The current connection, or a new one. @throws Failure of a Target* kind, or the signal's reason */
  async connect(signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    this.closing.signal.throwIfAborted();
    const current = (this.current ??= this.begin());
    try {
      return await this.answer(current.connection, signal, 'connect');
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
    if (this.current?.open === connection) this.current = undefined;
  }

  close(): void {
    this.closing.abort(new Failure('AppendUncertain', 'The connection to EventStoreDB was closed.'));
    if (this.current) this.forget(this.current);
  }

  private forget(dialled: Dialled): void {
    if (this.current === dialled) this.current = undefined;
    dialled.sockets.closeMute();
    dialled.connection.then(
      (open) => open.close(),
      () => dialled.sockets.closeMute(),
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

  private begin(): Dialled {
    const { leader } = this;
    this.leader = undefined;
    const sockets = new OwnSockets();
    const connection = sockets.open((end) => this.dial(this.settings, this.name, leader, sockets).finally(end));
    const dialled: Dialled = { sockets, connection };
    void ignoreRejection(connection.then((open) => (dialled.open = open)));
    return dialled;
  }
}
