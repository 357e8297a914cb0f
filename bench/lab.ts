import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startAzurite } from '../dev/azurite.js';
import { startProgram } from '../dev/program.js';
import { loadConfig, type Config, type Environment } from '../src/config.js';

/** Azurite and an EventStoreDB, each in a process of its own. */
export interface Lab {
  readonly storage: string;
  readonly eventStore: string;
  /** A new, empty container. */
  newContainer(): Promise<ContainerClient>;
  /** Settings for a replication of that container into a new stream, and what the environment would say. */
  newReplication(container: ContainerClient): { readonly config: Config; readonly environment: Environment };
  stop(): Promise<void>;
}

export interface LabOptions {
  /** A real server to measure against; absent: the embedded one. */
  readonly server?: string | undefined;
  /** The embedded server keeps no bodies, Azurite keeps its data on disk: for stores larger than memory. */
  readonly large?: boolean;
}

export async function openLab({ server, large = false }: LabOptions = {}): Promise<Lab> {
  const dir = large ? await mkdtemp(join(tmpdir(), 'eventferry-bench-')) : undefined;
  const azurite = await startAzurite(dir === undefined ? {} : { dir });
  const embedded = server === undefined ? await startEmbedded(large) : undefined;
  const storage = azurite.connectionString;
  const eventStore = server ?? embedded?.connectionString ?? '';
  return {
    storage,
    eventStore,
    newContainer: async () => {
      const container = BlobServiceClient.fromConnectionString(storage).getContainerClient(newName('bench'));
      await container.create();
      return container;
    },
    newReplication: (container) => {
      const environment = {
        AzureWebJobsStorage: storage,
        SOURCE_CONTAINER: container.containerName,
        EVENTSTORE_CONNECTION_STRING: eventStore,
        TARGET_STREAM: newName('bench'),
        CHECKPOINT_TABLE: `bench${randomBytes(6).toString('hex')}`,
      };
      return { environment, config: loadConfig(environment).config };
    },
    stop: async () => {
      await embedded?.stop();
      await azurite.stop();
      if (dir !== undefined) await rm(dir, { recursive: true, force: true });
    },
  };
}

function newName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

async function startEmbedded(discardBodies: boolean): Promise<{ connectionString: string; stop(): Promise<unknown> }> {
  const script = fileURLToPath(new URL('eventStoreProcess.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    const program = startProgram(script, discardBodies ? ['--discard-bodies'] : [], {
      onMessage: (message) => {
        const { connectionString } = message as { connectionString: string };
        resolve({ connectionString, stop: () => program.stop() });
      },
    });
    program.ended.then((ending) => reject(new Error(`the embedded server ended with ${ending}`)), reject);
  });
}
