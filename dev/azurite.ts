import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';

/** The account name and key that every storage emulator has. Microsoft publishes them, so they are not secret. */
const account = 'devstoreaccount1';
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export interface AzuriteOptions {
  /** The folder that keeps the data; it is created if absent. Default: data is kept in memory. */
  readonly dir?: string;
  /** False prints the access log to stderr. Default true. */
  readonly silent?: boolean;
  /** Default: free ports. `UseDevelopmentStorage=true` means 10000, 10001 and 10002. */
  readonly blobPort?: number;
  readonly queuePort?: number;
  readonly tablePort?: number;
}

/** A running Azurite. */
export interface Azurite {
  readonly connectionString: string;
  readonly blobPort: number;
  readonly queuePort: number;
  readonly tablePort: number;
  readonly pid: number;
  /** Ends Azurite; resolves when its process is gone. May be called more than once. */
  stop(): Promise<void>;
}

/**
 * Starts Azurite, Microsoft's storage emulator, as a separate process on 127.0.0.1 and waits until its services listen.
 * Azurite ends with `stop()`, and also when this process ends, even by SIGKILL: the channel between the two closes, and
 * Azurite notices. It does not keep this process alive.
 *
 * @throws Error with what Azurite printed when it does not start, for instance because a port is taken.
 */
export async function startAzurite(options: AzuriteOptions = {}): Promise<Azurite> {
  const child = spawn(process.execPath, [...endWithParent, program(), ...argumentsOf(options)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Keeps Ctrl-C away from Azurite: the parent may still need the storage while it ends.
    detached: true,
    windowsHide: true,
  });
  const { blob, queue, table } = await listeningPorts(child, options.silent ?? true);
  letGo(child);
  return {
    connectionString: emulatorConnectionString({ blob, queue, table }),
    blobPort: blob,
    queuePort: queue,
    tablePort: table,
    pid: child.pid ?? 0,
    stop: () => end(child),
  };
}

/**
 * What the Azurite process does when the channel to its parent closes, that is, when the parent is gone. Azurite's own
 * handler of SIGTERM writes to disk what is still in memory. While there is no handler yet, the process ends at once;
 * when the handler takes longer than 5 s, the process ends too.
 */
const onParentGone = "process.emit('SIGTERM')||process.exit(0);setTimeout(process.exit,5000,0).unref()";
const endWithParent = ['--import', `data:text/javascript,process.on('disconnect',()=>{${onParentGone}})`];

function program(): string {
  return createRequire(import.meta.url).resolve('azurite/dist/src/azurite.js');
}

function argumentsOf({ dir, silent = true, blobPort = 0, queuePort = 0, tablePort = 0 }: AzuriteOptions): string[] {
  return [
    ...(dir === undefined ? ['--inMemoryPersistence'] : ['--location', dir]),
    ...(silent ? ['--silent'] : []),
    ...['--blobPort', String(blobPort), '--queuePort', String(queuePort), '--tablePort', String(tablePort)],
    '--skipApiVersionCheck',
    '--disableTelemetry',
  ];
}

export interface Ports {
  readonly blob: number;
  readonly queue: number;
  readonly table: number;
}

/** Azurite prints one line for each service that listens; all are ready when all three lines are there. */
function listeningPorts(child: ChildProcess, silent: boolean): Promise<Ports> {
  return new Promise((resolve, reject) => {
    let printed = '';
    let started = false;
    const take = (text: Buffer) => {
      if (started) {
        if (!silent) process.stderr.write(text);
        return;
      }
      printed += text.toString();
      const [blob, queue, table] = ['Blob', 'Queue', 'Table'].map((service) => portOf(service, printed));
      if (blob === undefined || queue === undefined || table === undefined) return;
      started = true;
      resolve({ blob, queue, table });
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Azurite did not start: ${printed.trim()}`)));
  });
}

function portOf(service: string, printed: string): number | undefined {
  const line = new RegExp(`${service} service is successfully listening at \\S+:(\\d+)`).exec(printed);
  return line === null ? undefined : Number(line[1]);
}

/** Lets this process end although the child, its pipes and the channel are still open. */
function letGo(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  for (const pipe of [child.stdout, child.stderr]) (pipe as { unref?: () => void } | null)?.unref?.();
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const gone = once(child, 'exit');
  // Azurite ends when its channel closes; this works on every platform.
  if (child.connected) child.disconnect();
  await gone;
}

/** The connection string of an emulator that listens on these ports of 127.0.0.1. */
export function emulatorConnectionString({ blob, queue, table }: Ports): string {
  const endpoint = (port: number) => `http://127.0.0.1:${port}/${account}`;
  return [
    'DefaultEndpointsProtocol=http',
    `AccountName=${account}`,
    `AccountKey=${key}`,
    `BlobEndpoint=${endpoint(blob)}`,
    `QueueEndpoint=${endpoint(queue)}`,
    `TableEndpoint=${endpoint(table)};`,
  ].join(';');
}
