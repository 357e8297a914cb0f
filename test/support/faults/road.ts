import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

import type { EventStoreServer } from '../../../dev/eventstore/eventStoreServer.js';
import type { Environment } from '../../../src/config/config.js';
import { azuriteConnectionString } from '../services/azurite.js';

/**
 * A TCP proxy to a local port. `mute`: it accepts what is sent and passes nothing on. `down`: it breaks off every
 * connection. `denied`: it answers every request with 403, as storage does when a key or signature was revoked.
 */
export class Road {
  private now: 'open' | 'mute' | 'down' | 'denied' = 'open';
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((incoming) => this.accept(incoming));

  private constructor(private readonly to: number) {}

  static async open(to: number): Promise<Road> {
    const road = new Road(to);
    await new Promise<void>((resolve) => road.server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      road.cut();
      road.server.close();
    });
    return road;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get state(): Road['now'] {
    return this.now;
  }

  set state(state: Road['now']) {
    this.now = state;
    if (state === 'down') this.cut();
  }

  /** Breaks off every connection. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private accept(incoming: Socket): void {
    if (this.now === 'down') return void incoming.on('error', () => undefined).destroy();
    const outgoing = connect(this.to, '127.0.0.1');
    for (const [socket, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      this.sockets.add(socket);
      socket.on('data', (bytes) => {
        if (this.now === 'open') other.write(bytes);
        else if (this.now === 'denied') this.deny(incoming, outgoing);
      });
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
  }

  private deny(incoming: Socket, outgoing: Socket): void {
    if (incoming.writableEnded) return;
    outgoing.removeAllListeners('close');
    outgoing.destroy();
    const head = ['HTTP/1.1 403 Forbidden', 'x-ms-error-code: AuthenticationFailed', 'content-length: 0'];
    incoming.end(`${[...head, 'connection: close'].join('\r\n')}\r\n\r\n`);
  }
}

/** The services that a run uses. */
export type Part = 'source' | 'checkpoint' | 'target';

export const parts: readonly Part[] = ['source', 'checkpoint', 'target'];

/** Roads to all services of a run, and the settings that make a run use them. */
export interface Roads {
  readonly to: Readonly<Record<Part, Road>>;
  readonly settings: Environment;
}

export async function openRoads(server: EventStoreServer): Promise<Roads> {
  const source = await storageBy('Blob');
  const checkpoint = await storageBy('Table');
  const target = await Road.open(server.port);
  return {
    to: { source: source.road, checkpoint: checkpoint.road, target },
    settings: {
      SOURCE_STORAGE: source.storage,
      CHECKPOINT_STORAGE: checkpoint.storage,
      EVENTSTORE_CONNECTION_STRING: `esdb://127.0.0.1:${target.port}?tls=false`,
    },
  };
}

/** Opens a road to one service of Azurite. @returns it, and a connection string that leads over it */
async function storageBy(service: 'Blob' | 'Table'): Promise<{ readonly road: Road; readonly storage: string }> {
  const direct = azuriteConnectionString();
  const port = new RegExp(`${service}Endpoint=http://127\\.0\\.0\\.1:(\\d+)`).exec(direct)?.[1] ?? '';
  const road = await Road.open(Number(port));
  return { road, storage: direct.replaceAll(`127.0.0.1:${port}`, `127.0.0.1:${road.port}`) };
}
