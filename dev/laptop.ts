import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BlobServiceClient } from '@azure/storage-blob';

import { startAzurite } from './azurite.js';
import type { Azurite } from './azurite.js';
import { build, commandLine } from './build.js';
import { startEventStore } from './eventstore/eventStoreServer.js';
import type { EventStoreServer } from './eventstore/eventStoreServer.js';
import { startProgram } from './program.js';
import type { Program, ProgramOptions } from './program.js';

/** Everything that Eventferry needs around it, on this machine only. */
export interface Laptop {
  readonly azurite: Azurite;
  readonly eventStore: EventStoreServer;
  /** A new folder, which is removed at the end. */
  readonly dir: string;
  /** The writer's journal. */
  readonly journal: string;
  /**
   * Settings with which Eventferry replicates the sample writer's container into the embedded server. The waits are
   * short, because a person is watching.
   */
  readonly settings: Readonly<Record<string, string>>;
  startWriter(args: readonly string[], options?: ProgramOptions): Program;
  /** Starts the built `eventferry run --follow`, with more arguments if given. */
  startReplicator(options?: Pick<ProgramOptions, 'output' | 'env'>, args?: readonly string[]): Program;
  /** Ends the servers and removes the folder. The programs started must have ended. */
  stop(): Promise<void>;
}

/** The container that the sample writer writes to; the target stream has the same name. */
export const container = 'shop-tapes';

const sampleWriter = fileURLToPath(new URL('sampleWriter.ts', import.meta.url));

/**
 * Builds the program. Starts Azurite, with an empty container, and the embedded server, on free ports and with their
 * data in memory.
 *
 * @throws Error when the program does not compile or Azurite does not start; nothing is left running then
 */
export async function startLaptop(): Promise<Laptop> {
  await build();
  const azurite = await startAzurite();
  const eventStore = await startEventStore();
  await BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(container).create();
  const dir = mkdtempSync(join(tmpdir(), 'eventferry-'));
  const journal = join(dir, 'journal.ndjson');
  const settings = {
    AzureWebJobsStorage: azurite.connectionString,
    SOURCE_CONTAINER: container,
    EVENTSTORE_CONNECTION_STRING: eventStore.connectionString,
    SETTLE_SECONDS: '2',
    EMPTY_SOURCE_WAIT_SECONDS: '1',
    OUTAGE_WAIT_SECONDS: '2',
  };
  const written = ['--connection', azurite.connectionString, '--container', container, '--journal', journal];
  return {
    azurite,
    eventStore,
    dir,
    journal,
    settings,
    startWriter: (args, options) => startProgram(sampleWriter, [...written, ...args], options),
    startReplicator: (options, args = []) =>
      startProgram(commandLine, ['run', '--follow', ...args], { ...options, env: { ...settings, ...options?.env } }),
    stop: async () => {
      await Promise.all([azurite.stop(), eventStore.stop()]);
      rmSync(dir, { recursive: true });
    },
  };
}
