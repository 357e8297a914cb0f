import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BlobServiceClient } from '@azure/storage-blob';

import { emulatorConnectionString } from '../../dev/azurite.js';
import { commandLine } from '../../dev/build.js';
import { startProgram, type Ending, type Program, type ProgramOptions } from '../../dev/program.js';
import { KeptProcess } from './keptProcess.js';
import { Road } from './road.js';
import { Storage } from './storage.js';

/** The container that is written to and replicated; the target stream has the same name. */
export const container = 'shop-tapes';

const sampleWriter = fileURLToPath(new URL('../../dev/sampleWriter.ts', import.meta.url));
const embeddedServer = fileURLToPath(new URL('../../dev/eventstore/main.ts', import.meta.url));

/** Small batches and short waits, so that much happens between two acts. */
const settings = {
  SOURCE_CONTAINER: container,
  READ_RECORDS: '50',
  IDLE_POLL_MS: '50',
  SETTLE_SECONDS: '2',
  LIST_ALL_SECONDS: '5',
  EMPTY_SOURCE_WAIT_SECONDS: '1',
  OUTAGE_WAIT_SECONDS: '1',
};

const writerRestartMs = 200;

/** How the sample writer writes. */
export interface Writing {
  readonly seed: number;
  /** How many records it writes in a second. */
  readonly rate: number;
}

/** A writer, a storage, a server and replicators, each in its own process, the roads between them, and their data. */
export class World {
  readonly journal: string;
  readonly serverDir: string;
  readonly storage: Storage;
  readonly writer: KeptProcess;
  readonly server: KeptProcess;
  /** The replicator that always runs. A `second` one runs beside it from time to time. */
  readonly replicator: KeptProcess;
  readonly second: KeptProcess;
  /** Rejects when a process other than the writer ends without having been told to. */
  readonly failed: Promise<never>;
  /** How many records the storage has acknowledged to the writer. */
  acknowledged = 0;
  serverPort: number | undefined;
  private readonly underWay = new Set<Program>();

  private constructor(
    readonly dir: string,
    readonly roads: Readonly<Record<'source' | 'checkpoint' | 'target' | 'writing', Road>>,
    writing: Writing,
  ) {
    this.journal = join(dir, 'journal.ndjson');
    this.serverDir = join(dir, 'eventstore');
    this.storage = new Storage(join(dir, 'azurite'), roads);
    let fail: (error: Error) => void = () => undefined;
    this.failed = new Promise((_, reject) => (fail = reject));
    this.failed.catch(() => undefined);
    const ended = (name: string, ending: Ending): void => fail(new Error(`${name} ended with ${ending}`));
    const replicate = (name: string) => (): Program =>
      this.startLogged(name, commandLine, ['run', '--follow'], { env: this.settings() });
    this.replicator = new KeptProcess('the replicator', replicate('replicator'), ended);
    this.second = new KeptProcess('the second replicator', replicate('second-replicator'), ended);
    this.server = new KeptProcess('the server', () => this.startServer(), ended);
    // The writer gives up when the storage breaks off a read at its start. Applications try again, so it is restarted.
    const again = (): void => void setTimeout(() => this.writer.startAgain(), writerRestartMs);
    this.writer = new KeptProcess('the writer', () => this.startWriter(writing), again);
  }

  /** Starts everything but the writer, with empty data in the directory. */
  static async start(dir: string, writing: Writing): Promise<World> {
    const [source, checkpoint, target, road] = await Promise.all([Road.open(), Road.open(), Road.open(), Road.open()]);
    const world = new World(dir, { source, checkpoint, target, writing: road }, writing);
    await world.storage.start();
    const service = BlobServiceClient.fromConnectionString(world.storage.connectionString);
    await service.getContainerClient(container).create();
    return world;
  }

  /** Settings that lead a replicator over the roads or, given a server, straight to that server and the storage. */
  settings(straightTo?: string): Readonly<Record<string, string>> {
    const { source, checkpoint, target } = this.roads;
    return {
      ...settings,
      AzureWebJobsStorage: straightTo === undefined ? byRoad(source, checkpoint) : this.storage.connectionString,
      EVENTSTORE_CONNECTION_STRING: straightTo ?? `esdb://127.0.0.1:${target.port}?tls=false`,
    };
  }

  /** Runs a command of the program to its end; its output goes to a log file of this name. */
  run(name: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ending> {
    const program = this.startLogged(name, commandLine, args, { env });
    this.underWay.add(program);
    return program.ended.finally(() => this.underWay.delete(program));
  }

  /** The size of the server's log on its disk, in bytes: it grows with every append. */
  serverBytes(): number {
    return statSync(join(this.serverDir, 'events.log'), { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Ends everything, frozen or not; resolves when the storage is gone. */
  async close(): Promise<void> {
    this.end();
    await Promise.all([this.writer, this.replicator, this.second, this.server].map((kept) => kept.kill()));
    await this.storage.gone();
  }

  /** Ends everything at once, without waiting. */
  end(): void {
    for (const kept of [this.writer, this.replicator, this.second, this.server]) kept.end();
    for (const program of this.underWay) program.kill('SIGKILL');
    this.storage.end();
    for (const road of Object.values(this.roads)) road.close();
  }

  private startServer(): Program {
    this.roads.target.to = this.serverPort = undefined;
    return this.startLogged('server', embeddedServer, ['--dir', this.serverDir], {
      onMessage: (message) => {
        const { listening } = message as { readonly listening: { readonly port: number } };
        this.roads.target.to = this.serverPort = listening.port;
      },
    });
  }

  private startWriter({ seed, rate }: Writing): Program {
    const { writing } = this.roads;
    const where = ['--connection', byRoad(writing, writing), '--container', container, '--journal', this.journal];
    const how = ['--seed', String(seed), '--rate', String(rate), '--appends-per-write', '8'];
    return this.startLogged('writer', sampleWriter, [...where, ...how], {
      onMessage: (message) => (this.acknowledged = (message as { readonly acknowledged: number }).acknowledged),
    });
  }

  /** Starts a program and appends its output to a log file of its name. */
  private startLogged(name: string, script: string, args: readonly string[], options: ProgramOptions): Program {
    const output = openSync(join(this.dir, `${name}.log`), 'a');
    try {
      return startProgram(script, args, { ...options, output });
    } finally {
      closeSync(output);
    }
  }
}

function byRoad(blobs: Road, table: Road): string {
  return emulatorConnectionString({ blob: blobs.port, queue: blobs.port, table: table.port });
}
