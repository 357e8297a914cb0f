import { BlobServiceClient } from '@azure/storage-blob';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { startAzurite } from './azurite.js';
import { build } from './build.js';
import { startEventStore } from './eventstore/eventStoreServer.js';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Where the emulators keep their data; not part of the repository. */
const azuriteDir = `${root}.azurite`;
const eventStoreDir = `${root}.eventstore`;

const emulatedStorage = 'UseDevelopmentStorage=true';
const emulatedEventStore = { port: 2113, connectionString: 'esdb://127.0.0.1:2113?tls=false' };
/** On Windows `func` is a script, so only a shell can start it. */
const shell = process.platform === 'win32';

const withoutCoreTools = `Azure Functions Core Tools are needed to run the functions app: the command func was not found.

  npm install --global azure-functions-core-tools@4

Without them, npm run dev replicates on this machine too: Azurite, an embedded EventStoreDB, a writer that appends to
sample tapes, and eventferry run --follow - everything but the Functions host.`;

/** Runs the functions app on this machine: starts the emulators that the settings name, then runs `func start`. */
async function start(): Promise<number> {
  if (spawnSync('func', ['--version'], { shell, stdio: 'ignore' }).status !== 0) {
    console.error(withoutCoreTools);
    return 1;
  }
  await build();
  const setting = settingsHere();
  const servers: (Server | undefined)[] = [];
  if (setting('AzureWebJobsStorage') === emulatedStorage) servers.push(await storage(setting));
  if (setting('EVENTSTORE_CONNECTION_STRING') === emulatedEventStore.connectionString) servers.push(await eventStore());
  try {
    return await runFunctions();
  } finally {
    for (const server of servers) await server?.stop();
  }
}

/** Reads settings as `func start` does: the environment wins over local.settings.json. */
function settingsHere(): Setting {
  const { Values } = JSON.parse(readFileSync(`${root}local.settings.json`, 'utf8')) as {
    readonly Values: Readonly<Record<string, string>>;
  };
  return (name) => process.env[name] ?? Values[name];
}

type Setting = (name: string) => string | undefined;

interface Server {
  stop(): Promise<void>;
}

/** Starts Azurite on the ports that `UseDevelopmentStorage=true` means, and creates the source's container in it. */
async function storage(setting: Setting): Promise<Server | undefined> {
  const ports = { blobPort: 10000, queuePort: 10001, tablePort: 10002 };
  const azurite = await unlessTaken('the storage emulator', 10000, () => startAzurite({ dir: azuriteDir, ...ports }));
  const container = setting('SOURCE_CONTAINER');
  if (container !== undefined && (setting('SOURCE_STORAGE') ?? emulatedStorage) === emulatedStorage) {
    await BlobServiceClient.fromConnectionString(emulatedStorage).getContainerClient(container).createIfNotExists();
    console.log(`To have something to replicate, in another terminal:

  npx tsx dev/sampleWriter.ts --connection ${emulatedStorage} --container ${container} --journal .azurite/journal.ndjson --rate 5
`);
  }
  return azurite;
}

function eventStore(): Promise<Server | undefined> {
  const { port } = emulatedEventStore;
  return unlessTaken('EventStoreDB', port, () => startEventStore({ port, dir: eventStoreDir }));
}

/** Starts a server, unless its port is taken: then most likely the same kind of server runs there, and it is used. */
async function unlessTaken<T>(what: string, port: number, begin: () => Promise<T>): Promise<T | undefined> {
  try {
    const server = await begin();
    console.log(`Started ${what} on port ${port} of 127.0.0.1, for development only.`);
    return server;
  } catch (error) {
    if (!String(error).includes('EADDRINUSE')) throw error;
    console.log(`Port ${port} is taken. Assuming that ${what} listens there, and using it.`);
    return undefined;
  }
}

/** Runs `func start` and waits until it ends. Ctrl-C in a terminal reaches `func` too; this process ends after it. */
async function runFunctions(): Promise<number> {
  const func = spawn('func', ['start', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit', shell });
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => func.kill());
  const [code] = (await once(func, 'exit')) as [number | null];
  return code ?? 1;
}

process.exitCode = await start();
