import { readFileSync } from 'node:fs';
import type { Deployment } from '../deployment.js';
import type { Expected } from './rule.js';

/** The functions that the app registers: one for each entry file that package.json names. */
const functions = (() => {
  const { main } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    main: string;
  };
  return (/\{([^}]*)\}/.exec(main)?.[1] ?? '').split(',');
})();

interface Kind {
  readonly environment: string;
  readonly container: string;
  /** Where the source is when an identity reads it: `new`, or its resource group and account. */
  readonly source?: 'new' | readonly [group: string, account: string];
  readonly backup: boolean;
  /** Messages that cannot become events are put into the quarantine. */
  readonly quarantine?: true;
  /** Secrets that the app reads in addition to those of replication. */
  readonly urls?: readonly string[];
  readonly adminPrefix?: string;
  readonly paused: boolean;
  readonly continuous: boolean;
}

const kinds: Readonly<Record<string, Kind>> = {
  'infra/dev.bicepparam': {
    environment: 'dev',
    container: 'tapes',
    source: 'new',
    backup: false,
    paused: false,
    continuous: false,
  },
  'infra/prod.bicepparam': {
    environment: 'prod',
    container: 'tapes',
    source: ['rg-shop', 'shopevents'],
    backup: true,
    paused: false,
    continuous: true,
  },
  'test/infra/params/ownSource.bicepparam': {
    environment: 'own',
    container: 'shop-tapes',
    source: ['rg-shop', 'shopevents'],
    backup: true,
    quarantine: true,
    urls: ['notify-webhook-url', 'heartbeat-url'],
    adminPrefix: '203.0.113.7/32',
    paused: true,
    continuous: true,
  },
  'test/infra/params/secretSource.bicepparam': {
    environment: 'sas',
    container: 'tapes',
    backup: true,
    paused: false,
    continuous: false,
  },
};

/** What must be true of the deployment of one parameter file; `rules` has what must be true of every deployment. */
export function expectedOf(file: string, deployment: Deployment): Expected {
  const kind = kinds[file];
  if (!kind) throw new Error(`nothing is said of ${file}`);
  return {
    ...kind,
    functions,
    roles: rolesOf(kind, deployment.app.name.slice('func-eventferry-'.length)),
    ...(Array.isArray(kind.source) && { foreignSource: String(kind.source[1]) }),
  };
}

function rolesOf({ environment, container, source, backup, quarantine, urls = [] }: Kind, token: string): string[] {
  const group = `rg-eventferry-${environment}`;
  const storage = `${group}/providers/Microsoft.Storage/storageAccounts/stferry${token}`;
  const vault = `${group}/providers/Microsoft.KeyVault/vaults/kv-${token}/secrets`;
  const table = `Storage Table Data Contributor on ${storage}/tableServices/default/tables/eventferry`;
  const [sourceGroup, account] = source === 'new' ? [group, `stsource${token}`] : (source ?? []);
  const reads = `Storage Blob Data Reader on ${sourceGroup}/providers/Microsoft.Storage/storageAccounts/${account}/blobServices/default/containers/${container}`;
  const shared = [
    'eventstore-connection-string',
    'eventstore-ca',
    ...(source === undefined ? ['source-connection'] : []),
  ];
  const machine = [
    ...['eventstore-certificate', 'eventstore-certificate-key'],
    ...['eventstore-admin-password', 'eventstore-ops-password', 'eventferry-password'],
  ];
  return [
    `id-app Storage Blob Data Owner on ${storage}`,
    `id-app ${table}`,
    `id-app Monitoring Metrics Publisher on ${group}/providers/Microsoft.Insights/components/appi-${token}`,
    `id-machine ${table}`,
    `id-machine Storage Blob Data Reader on ${storage}/blobServices/default/containers/packages`,
    ...[...shared, ...urls].map((name) => `id-app Key Vault Secrets User on ${vault}/${name}`),
    ...[...shared, ...machine].map((name) => `id-machine Key Vault Secrets User on ${vault}/${name}`),
    ...(quarantine
      ? [`id-machine Storage Blob Data Contributor on ${storage}/blobServices/default/containers/eventferry-quarantine`]
      : []),
    ...(source === undefined ? [] : [`id-app ${reads}`, `id-machine ${reads}`]),
    ...(backup
      ? [
          `bvault Disk Backup Reader on ${group}/providers/Microsoft.Compute/disks/disk-eventstore-${token}`,
          `bvault Disk Snapshot Contributor on ${group}-snapshots`,
        ]
      : []),
  ];
}
