import { startAzurite, type Azurite } from '../../dev/azurite.js';
import type { Road } from './road.js';

/** The roads to the storage. */
export interface StorageRoads {
  /** The replicators' road to the blobs. */
  readonly source: Road;
  /** The replicators' road to the table. */
  readonly checkpoint: Road;
  /** The writer's road to the blobs. It is cut only when the storage stops. */
  readonly writing: Road;
}

/** Azurite with its data in a directory. It is never killed, because it would lose writes that it acknowledged. */
export class Storage {
  private azurite: Azurite | undefined;
  private isOver = false;

  constructor(
    private readonly dir: string,
    private readonly roads: StorageRoads,
  ) {}

  /** Starts it, unless everything has ended. */
  async start(): Promise<void> {
    if (this.isOver) return;
    this.azurite = await startAzurite({ dir: this.dir });
    if (this.isOver) this.end();
    this.roads.source.to = this.roads.writing.to = this.azurite.blobPort;
    this.roads.checkpoint.to = this.azurite.tablePort;
  }

  /** Sends SIGTERM. Cuts all connections first: Azurite answers late calls, but may not write them to disk any more. */
  async stop(): Promise<void> {
    for (const road of Object.values(this.roads) as Road[]) {
      road.to = undefined;
      road.cut();
    }
    await this.azurite?.stop();
    this.azurite = undefined;
  }

  freeze(): void {
    this.signal('SIGSTOP');
  }

  thaw(): void {
    this.signal('SIGCONT');
  }

  /** Ends it now and for good, without waiting. */
  end(): void {
    this.isOver = true;
    this.signal('SIGKILL');
  }

  /** Leads straight to Azurite, over no road. @throws Error while it does not run */
  get connectionString(): string {
    if (!this.azurite) throw new Error('Azurite is not running');
    return this.azurite.connectionString;
  }

  /** Resolves when it has ended. */
  async gone(): Promise<void> {
    await this.azurite?.stop();
  }

  private signal(signal: NodeJS.Signals): void {
    if (this.azurite) process.kill(this.azurite.pid, signal);
  }
}
