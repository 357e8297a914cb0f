import { loadConfig } from '../../../src/config/config.js';
import { settings as schema } from '../../../src/config/settings.js';
import { connectionSettingNames } from '../../../src/config/storageSettings.js';
import { parseConnectionString } from '../../../src/target/connect/connectionString.js';
import type { Deployment } from '../deployment.js';
import { platform } from './platformSettings.js';
import { unless, type Rule } from './rule.js';

/** Settings that Flex Consumption refuses, or that change how it works without its notice. */
const banned = [
  ...['FUNCTIONS_WORKER_RUNTIME', 'FUNCTIONS_EXTENSION_VERSION', 'WEBSITE_RUN_FROM_PACKAGE'],
  ...['SCM_DO_BUILD_DURING_DEPLOYMENT', 'ENABLE_ORYX_BUILD', 'WEBSITE_TIME_ZONE', 'TZ', 'WEBSITE_VNET_ROUTE_ALL'],
  ...['WEBSITE_DNS_SERVER', 'WEBSITE_LOAD_CERTIFICATES', 'AzureWebJobsStorage', 'AzureWebJobsDashboard'],
];

const connections = ['AzureWebJobsStorage', 'SOURCE_STORAGE', 'CHECKPOINT_STORAGE'].flatMap(connectionSettingNames);

interface FlexConfig {
  readonly runtime: { readonly name: string; readonly version: string };
  readonly deployment: { readonly storage: { readonly authentication: Readonly<Record<string, string>> } };
  readonly scaleAndConcurrency: {
    readonly instanceMemoryMB: number;
    readonly maximumInstanceCount: number;
    readonly alwaysReady: readonly { readonly name: string; readonly instanceCount: number }[];
  };
}

function flex({ app }: Deployment): FlexConfig {
  return app.properties['functionAppConfig'] as FlexConfig;
}

export const appRules: Readonly<Record<string, Rule>> = {
  'the app runs on Node 24': (deployment) => {
    const { name, version } = flex(deployment).runtime;
    return unless([name === 'node' && version === '24', `the runtime is ${name} ${version}`]);
  },

  'an instance has a size that Azure offers, and there is at least one': (deployment) => {
    const { instanceMemoryMB, maximumInstanceCount } = flex(deployment).scaleAndConcurrency;
    return unless(
      [[512, 2048, 4096].includes(instanceMemoryMB), `${instanceMemoryMB} MB`],
      [maximumInstanceCount >= 1 && maximumInstanceCount <= 1000, `${maximumInstanceCount} instances`],
    );
  },

  'what is always ready is a function that exists, in the profile that asks for it': (deployment, expected) => {
    const { alwaysReady } = flex(deployment).scaleAndConcurrency;
    const names = expected.functions.map((name) => `function:${name}`);
    return [
      ...alwaysReady.filter(({ name }) => !names.includes(name)).map(({ name }) => `${name} is no function`),
      ...unless([
        (alwaysReady.length === 1) === expected.continuous && alwaysReady.every((one) => one.instanceCount === 1),
        `${alwaysReady.length} always ready`,
      ]),
    ];
  },

  'the app proves itself to storage and vault with its identity': (deployment) => {
    const { authentication } = flex(deployment).deployment.storage;
    const identities = Object.keys(
      (deployment.app['identity'] as Record<string, object>)['userAssignedIdentities'] ?? {},
    );
    const [identity = 'none'] = identities;
    const { settings } = deployment;
    return unless(
      [identities.length === 1 && identity.includes('/id-app-'), `identities: ${identities.join(', ')}`],
      [authentication['type'] === 'UserAssignedIdentity', `packages are read by ${authentication['type']}`],
      [authentication['userAssignedIdentityResourceId'] === identity, 'packages are read by another identity'],
      [deployment.app.properties['keyVaultReferenceIdentity'] === identity, 'references are read by another identity'],
      [settings['AzureWebJobsStorage__credential'] === 'managedidentity', 'host storage without an identity'],
      [settings['AzureWebJobsStorage__clientId'] !== undefined, 'host storage does not say which identity'],
      [settings['AzureWebJobsStorage__accountName'] !== undefined, 'host storage has no account'],
    );
  },

  'no setting is one that Flex Consumption refuses': ({ settings }) =>
    Object.keys(settings).filter((name) => banned.includes(name) || name.startsWith('WEBSITE_CONTENT')),

  'every setting is in the schema, and what is required is given and works': ({ settings }) => [
    ...Object.keys(settings)
      .filter((name) => !platform.includes(name) && !connections.includes(name) && !(name in schema))
      .map((name) => `${name} is not in the schema`),
    ...unworkable(settings),
  ],

  'the timer is off if and only if it is asked for': ({ settings }, { paused }) =>
    unless([settings['AzureWebJobs.replicate.Disabled'] === String(paused), 'paused is not what it should be']),

  'runs are as the profile says': ({ settings }, { continuous }) =>
    unless([
      settings['WHEN_CAUGHT_UP'] === (continuous ? 'wait' : 'exit'),
      `${settings['WHEN_CAUGHT_UP']} when caught up`,
    ]),

  'the app is reached through TLS alone': ({ app }) => {
    const { minTlsVersion, ftpsState } = app.properties['siteConfig'] as Record<string, string>;
    return unless(
      [app.properties['httpsOnly'] === true, 'HTTP is allowed'],
      [minTlsVersion === '1.2' || minTlsVersion === '1.3', `TLS ${minTlsVersion}`],
      [ftpsState === 'Disabled', 'FTP is allowed'],
    );
  },
};

/** Fills in the secrets; the product must then accept the settings of all three connections. */
function unworkable(settings: Readonly<Record<string, string>>): string[] {
  const resolved = Object.fromEntries(
    Object.entries(settings)
      .filter(([name]) => name !== 'EVENTSTORE_TLS_CA')
      .map(([name, value]) => [name, value.startsWith('@Microsoft.KeyVault(') ? secretValue(name) : value]),
  );
  try {
    const { source, checkpoint, target } = loadConfig(resolved).config;
    const { seeds, channel } = parseConnectionString(target.connectionString);
    return unless(
      [source.storage.kind !== 'identity' || source.storage.clientId !== undefined, 'the source has no identity'],
      [checkpoint.storage.kind === 'identity', 'the checkpoint is not reached with an identity'],
      [seeds[0]?.address === 'eventstore.eventferry.internal', 'the server has another name'],
      [channel.insecure !== true, 'the server is reached without TLS'],
    );
  } catch (error) {
    return [(error as Error).message];
  }
}

function secretValue(name: string): string {
  if (name === 'EVENTSTORE_CONNECTION_STRING') {
    return 'esdb://eventferry:secret@eventstore.eventferry.internal:2113?tls=true';
  }
  if (name === 'SOURCE_STORAGE') return 'https://shop.blob.core.windows.net/?sv=2024-01-01&sp=rl&sig=secret';
  return 'https://hooks.example.com/services/secret';
}
