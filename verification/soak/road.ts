import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { Lane, type Direction } from './lane.js';

/** A connection that goes over the road: what the client asks, and what it is answered. */
interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  readonly lanes: Readonly<Record<Direction, Lane>>;
}

/** A TCP road to a port of this machine, on which everything can happen that happens on the way to a server. */
export class Road {
  /** The port at its end; while nobody is there connections are broken off. */
  to: number | undefined;
  /** So late arrives what is sent from now on, in ms. */
  delayMs = 0;
  /** Nobody gets onto it. */
  closed = false;
  private held: { readonly directions: readonly Direction[]; readonly whom?: ReadonlySet<Connection> } | undefined;
  private readonly connections = new Set<Connection>();

  private constructor(
    private readonly listener: Server,
    readonly port: number,
  ) {}

  /** Opens a road on a free port of 127.0.0.1. */
  static async open(): Promise<Road> {
    const listener = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const road = new Road(listener, (listener.address() as AddressInfo).port);
    listener.on('connection', (client) => road.connect(client));
    return road;
  }

  /** Breaks every connection off, as a reset does. @returns how many there were */
  cut(): number {
    const cut = this.connections.size;
    for (const { client, server } of this.connections) for (const end of [client, server]) end.resetAndDestroy();
    this.connections.clear();
    return cut;
  }

  /**
   * Nothing comes through in these directions any more; those that send do not notice.
   *
   * @param whom only the connections of now, or all that come too
   * @returns ends it: what was held back arrives late, also from those that have given up meanwhile; or never, and its
   * connections break
   */
  hold(directions: readonly Direction[], whom: 'present' | 'all' = 'all'): (how: 'deliver' | 'drop') => void {
    this.held = { directions, ...(whom === 'present' && { whom: new Set(this.connections) }) };
    return (how) => {
      this.held = undefined;
      if (how === 'drop') this.cut();
      for (const { lanes } of this.connections) for (const lane of Object.values(lanes)) lane.pump();
    };
  }

  /** One end of every connection hears that the other has ended, which does not know of it. @returns how many */
  halfClose(end: 'client' | 'server'): number {
    for (const connection of this.connections) connection[end].end();
    return this.connections.size;
  }

  /** Ends it for good. */
  close(): void {
    this.closed = true;
    this.cut();
    this.listener.close();
  }

  private connect(client: Socket): void {
    if (this.closed || this.to === undefined) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.to, host: '127.0.0.1', allowHalfOpen: true });
    const lane = (direction: Direction, from: Socket, to: Socket): Lane =>
      new Lane(from, to, { delayMs: () => this.delayMs, isHeld: () => this.isHeld(connection, direction) });
    const lanes = { requests: lane('requests', client, server), answers: lane('answers', server, client) };
    const connection: Connection = { client, server, lanes };
    this.connections.add(connection);
    for (const [end, other] of [
      [client, server],
      [server, client],
    ] as const)
      end.on('close', () => void (other.destroyed && this.connections.delete(connection)));
  }

  private isHeld(connection: Connection, direction: Direction): boolean {
    const { held } = this;
    return held?.directions.includes(direction) === true && (held.whom?.has(connection) ?? true);
  }
}
