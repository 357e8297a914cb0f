import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { bicepCli } from '../../../dev/bicep.js';
import { root } from './environment.js';

/** The made-up subscription, tenant and deployment of offline checks. */
const nowhere = [
  ...['--subscription-id', '11111111-1111-1111-1111-111111111111'],
  ...['--tenant-id', '33333333-3333-3333-3333-333333333333'],
  ...['--location', 'westeurope', '--deployment-name', 'eventferry'],
];

/** Values for the environment variables that the parameter files read; checks use them. */
export const checkEnvironment = {
  AZURE_LOCATION: 'westeurope',
  EVENTFERRY_PAUSED: 'false',
  EVENTFERRY_SSH_PUBLIC_KEY: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOfflineChecksOnlyNobodyHasThisKey00000000000 nobody',
  EVENTFERRY_SOURCE_ACCOUNT_ID:
    '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-shop/providers/Microsoft.Storage/storageAccounts/shopevents',
  EVENTFERRY_SOURCE_CONTAINER: 'tapes',
  EVENTFERRY_ALERT_EMAIL: 'people@example.com',
};

/** The parameter files that have a committed snapshot beside them. */
export const parameterFiles = [
  'infra/dev.bicepparam',
  'infra/prod.bicepparam',
  'test/infra/params/ownSource.bicepparam',
  'test/infra/params/secretSource.bicepparam',
];

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  /** Warnings and errors, one a line. */
  readonly said: string;
}

/** Runs the Bicep CLI, offline. @throws Error when there is no Bicep CLI */
export function bicep(...args: string[]): Ran {
  const cli = bicepCli();
  if ('missing' in cli) throw new Error(cli.missing);
  const { status, stdout, stderr } = spawnSync(cli.path, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, ...checkEnvironment, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1' },
  });
  return { status, stdout, said: stderr };
}

/** A resource as the deployment would make it. A value that only Azure knows stays an expression in brackets. */
export interface Resource {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly properties: Record<string, unknown>;
  readonly [key: string]: unknown;
}

/** What a deployment of a parameter file would make. */
export interface Snapshot {
  readonly predictedResources: Resource[];
  readonly outputs: Record<string, unknown>;
}

/** Writes the snapshot beside its parameter file (`overwrite`), or compares it with the committed one (`validate`). */
export function snapshot(file: string, mode: 'overwrite' | 'validate'): Ran {
  return bicep('snapshot', file, '--mode', mode, ...nowhere);
}

/** Where the snapshot of a parameter file is. */
export function snapshotPath(file: string): string {
  return join(root, file.replace(/\.bicepparam$/, '.snapshot.json'));
}

/** The committed snapshot of a parameter file. */
export function committedSnapshot(file: string): Snapshot {
  return JSON.parse(readFileSync(snapshotPath(file), 'utf8')) as Snapshot;
}

/** The snapshot of a parameter file with some parameters changed (in Bicep's own notation). */
export function snapshotWith(file: string, parameters: Readonly<Record<string, string>>): Snapshot {
  mkdirSync(join(root, 'artifacts'), { recursive: true });
  const folder = mkdtempSync(join(root, 'artifacts/snapshot-'));
  try {
    const lines = readFileSync(join(root, file), 'utf8').split('\n');
    const kept = lines.filter((line) => !Object.keys(parameters).some((name) => line.startsWith(`param ${name} `)));
    const changed = Object.entries(parameters).map(([name, value]) => `param ${name} = ${value}`);
    const text = [...kept, ...changed]
      .join('\n')
      .replace(/^using '(.*)'/m, (_, path: string) => `using '${relative(folder, join(root, dirname(file), path))}'`);
    const copy = join(folder, 'changed.bicepparam');
    writeFileSync(copy, text);
    const ran = bicep('snapshot', copy, '--mode', 'overwrite', ...nowhere);
    if (ran.status !== 0) throw new Error(ran.said);
    return JSON.parse(readFileSync(join(folder, 'changed.snapshot.json'), 'utf8')) as Snapshot;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
