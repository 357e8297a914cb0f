import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { Lane, type Direction } from './lane.js';

/** A connection over the road: the client's socket, the server's socket, and the two directions between them. */
interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  readonly lanes: Readonly<Record<Direction, Lane>>;
}

/** A TCP proxy to a port of this machine. It can do to connections whatever a network can do. */
export class Road {
  /** The port that it leads to; while it is undefined, new connections are broken off. */
  to: number | undefined;
  /** How late everything arrives that is sent from now on, in ms. */
  delayMs = 0;
  /** Whether new connections are broken off. */
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
   * Holds back everything in these directions; the senders do not notice.
   *
   * @param whom only the present connections, or also all later ones
   * @returns ends this. `deliver`: what was held back arrives late, even if its sender has given up meanwhile. `drop`:
   * it never arrives, and its connections are broken off
   */
  hold(directions: readonly Direction[], whom: 'present' | 'all' = 'all'): (how: 'deliver' | 'drop') => void {
    this.held = { directions, ...(whom === 'present' && { whom: new Set(this.connections) }) };
    return (how) => {
      this.held = undefined;
      if (how === 'drop') this.cut();
      for (const { lanes } of this.connections) for (const lane of Object.values(lanes)) lane.pump();
    };
  }

  /** Tells one end of every connection that the other has ended, though it has not. @returns how many there were */
  halfClose(end: 'client' | 'server'): number {
    for (const connection of this.connections) connection[end].end();
    return this.connections.size;
  }

  /** Closes the road for good. */
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
