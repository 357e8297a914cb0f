import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzurite } from '../../dev/azurite.js';
import type { Environment } from '../../src/config/config.js';
import { startChild } from '../child.js';
import type { StoreServerOptions } from './eventStoreProcess.js';

/** Azurite and an EventStoreDB server, each in its own process. */
export interface Lab {
  readonly storage: string;
  readonly eventStore: string;
  /** A new, empty container. */
  newContainer(): Promise<ContainerClient>;
  /** The settings of a replication of that container into a new stream. */
  newReplication(container: ContainerClient): Environment;
  stop(): Promise<void>;
}

export interface LabOptions {
  /** A real server to measure against; absent: the embedded one. */
  readonly server?: string | undefined;
  /** Where the embedded server keeps its events. Azurite keeps its data on disk, unless this is `in memory`. */
  readonly events: 'in memory' | 'on disk' | 'nowhere';
}

export async function openLab({ server, events }: LabOptions): Promise<Lab> {
  const dir = events === 'in memory' ? undefined : await mkdtemp(join(tmpdir(), 'eventferry-bench-'));
  const azurite = await startAzurite(dir === undefined ? {} : { dir: join(dir, 'azurite') });
  const options: StoreServerOptions = {
    ...(events === 'on disk' && dir !== undefined && { dir: join(dir, 'eventstore') }),
    discardBodies: events === 'nowhere',
  };
  const embedded =
    server === undefined
      ? await startChild<{ connectionString: string }>(new URL('eventStoreProcess.ts', import.meta.url), options)
      : undefined;
  const storage = azurite.connectionString;
  const eventStore = server ?? embedded?.answer.connectionString ?? '';
  return {
    storage,
    eventStore,
    newContainer: async () => {
      const container = BlobServiceClient.fromConnectionString(storage).getContainerClient(newName('bench'));
      await container.create();
      return container;
    },
    newReplication: (container) => ({
      AzureWebJobsStorage: storage,
      SOURCE_CONTAINER: container.containerName,
      EVENTSTORE_CONNECTION_STRING: eventStore,
      TARGET_STREAM: newName('bench'),
      CHECKPOINT_TABLE: `bench${randomBytes(6).toString('hex')}`,
    }),
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
