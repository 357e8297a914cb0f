import { startAzurite, type Azurite } from '../../dev/azurite.js';
import type { Road } from './road.js';

/** The roads on which the storage is reached. */
export interface StorageRoads {
  /** Blobs, for the replicators. */
  readonly source: Road;
  /** The table, for the replicators. */
  readonly checkpoint: Road;
  /** Blobs, for the writer: nothing happens on it but what happens to the storage. */
  readonly writing: Road;
}

/** Azurite with its data in a directory. It is never killed: it would lose writes that it acknowledged. */
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

  /** SIGTERM. What is under way is cut off before: Azurite answers it, but may not write it to disk any more. */
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

  /** Straight to it, by no road. @throws Error while it does not run */
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
