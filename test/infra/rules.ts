import { loadConfig } from '../../src/config/config.js';
import { settings as schema } from '../../src/config/settings.js';
import { connectionSettingNames } from '../../src/config/storageSettings.js';
import { parseConnectionString } from '../../src/target/connect/connectionString.js';
import type { Deployment } from './deployment.js';

/** What a rule needs to know that is not in the deployment itself. */
export interface Expected {
  readonly roles: readonly string[];
  /** The storage account of a source that this deployment does not make. */
  readonly foreignSource?: string;
  readonly adminPrefix?: string;
  readonly paused: boolean;
  readonly continuous: boolean;
  /** The functions that the app registers. */
  readonly functions: readonly string[];
}

/** Returns what is wrong; an empty list means that the deployment obeys the rule. */
export type Rule = (deployment: Deployment, expected: Expected) => readonly string[];

/** Settings that Flex Consumption refuses, or that change how it works without its notice. */
const banned = [
  ...['FUNCTIONS_WORKER_RUNTIME', 'FUNCTIONS_EXTENSION_VERSION', 'WEBSITE_RUN_FROM_PACKAGE'],
  ...['SCM_DO_BUILD_DURING_DEPLOYMENT', 'ENABLE_ORYX_BUILD', 'WEBSITE_TIME_ZONE', 'TZ', 'WEBSITE_VNET_ROUTE_ALL'],
  ...['WEBSITE_DNS_SERVER', 'WEBSITE_LOAD_CERTIFICATES', 'AzureWebJobsStorage', 'AzureWebJobsDashboard'],
];

/** Settings of the platform. Every other setting must be in the product's own schema. */
const platform = [
  ...['APPLICATIONINSIGHTS_CONNECTION_STRING', 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'],
  'AzureWebJobs.replicate.Disabled',
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

interface SecurityRule {
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>> & { readonly priority: number };
}

interface StorageProfile {
  readonly dataDisks: readonly Readonly<Record<string, unknown>>[];
}

function flex({ app }: Deployment): FlexConfig {
  return app.properties['functionAppConfig'] as FlexConfig;
}

/** The findings of the claims that do not hold. */
function unless(...claims: readonly (readonly [holds: boolean, finding: string])[]): string[] {
  return claims.filter(([holds]) => !holds).map(([, finding]) => finding);
}

const appRules: Readonly<Record<string, Rule>> = {
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

const networkRules: Readonly<Record<string, Rule>> = {
  'the subnet of the app is delegated to Flex Consumption, large enough and well named': (deployment) => {
    const { delegations, addressPrefix } = deployment.subnet('app') as {
      readonly delegations: readonly { readonly properties: { readonly serviceName: string } }[];
      readonly addressPrefix: string;
    };
    const [delegation, ...others] = delegations.map(({ properties }) => properties.serviceName);
    const id = String(deployment.app.properties['virtualNetworkSubnetId']);
    return unless(
      [delegation === 'Microsoft.App/environments' && others.length === 0, `delegated to ${delegation}`],
      [Number(addressPrefix.split('/')[1]) <= 27, `${addressPrefix} is too small`],
      [/\/subnets\/[a-z-]+$/.test(id) && id.endsWith('/subnets/app'), `the app is in ${id}`],
    );
  },

  'both subnets lead out through the NAT gateway and nowhere else': (deployment) =>
    ['app', 'eventstore'].flatMap((name) => {
      const { natGateway, defaultOutboundAccess } = deployment.subnet(name);
      const { id } = (natGateway ?? {}) as { readonly id?: string };
      return unless(
        [id !== undefined && id.includes('/natGateways/ng-'), `${name} has no NAT gateway`],
        [defaultOutboundAccess === false, `${name} has outbound access of its own`],
      );
    }),

  'only the named prefixes reach the server, and a rule denies the rest': (deployment, { adminPrefix }) => {
    const { securityRules } = deployment.one('Microsoft.Network/networkSecurityGroups').properties as {
      readonly securityRules: readonly SecurityRule[];
    };
    const allowed = securityRules
      .filter(({ properties }) => properties['access'] === 'Allow' && properties['direction'] === 'Inbound')
      .map(({ properties }) => {
        const ports = (properties['destinationPortRanges'] ?? [
          properties['destinationPortRange'],
        ]) as readonly string[];
        return `${String(properties['sourceAddressPrefix'])} ${String(properties['protocol'])} ${ports.join(',')}`;
      });
    const wanted = [
      `${String(deployment.subnet('app')['addressPrefix'])} Tcp 2113`,
      ...(adminPrefix === undefined ? [] : [`${adminPrefix} Tcp 22,2113`]),
    ];
    const denial = securityRules.find(({ name }) => name === 'deny-all')?.properties;
    const below = securityRules.every(
      ({ name, properties }) => name === 'deny-all' || properties.priority < Number(denial?.priority),
    );
    const everything = [
      'sourceAddressPrefix',
      'sourcePortRange',
      'destinationAddressPrefix',
      'destinationPortRange',
      'protocol',
    ];
    const group = deployment.subnet('eventstore')['networkSecurityGroup'] as { readonly id?: string } | undefined;
    return unless(
      [String(allowed) === String(wanted), `allowed: ${allowed.join('; ')}`],
      [
        denial?.['access'] === 'Deny' &&
          denial['direction'] === 'Inbound' &&
          everything.every((key) => denial[key] === '*'),
        'nothing denies the rest',
      ],
      [below, 'the denial is above an allowance'],
      [group?.id?.includes('/nsg-eventstore-') === true, 'the rules are not on the subnet of the server'],
    );
  },

  'the machine has no public address': (deployment) =>
    deployment.all('Microsoft.Network/networkInterfaces').flatMap(({ name, properties }) => {
      const { ipConfigurations } = properties as { readonly ipConfigurations: readonly { properties: object }[] };
      return ipConfigurations.some((one) => 'publicIPAddress' in one.properties) ? [`${name} has one`] : [];
    }),

  'the server has a fixed address, which its name stands for': (deployment) => {
    const { ipConfigurations } = deployment.one('Microsoft.Network/networkInterfaces').properties as {
      readonly ipConfigurations: readonly { readonly properties: Readonly<Record<string, unknown>> }[];
    };
    const { aRecords } = deployment.one('Microsoft.Network/privateDnsZones/A').properties as {
      readonly aRecords: readonly { readonly ipv4Address: string }[];
    };
    const [nic] = ipConfigurations;
    return unless(
      [nic?.properties['privateIPAllocationMethod'] === 'Static', 'the address is not fixed'],
      [nic?.properties['privateIPAddress'] === aRecords[0]?.ipv4Address, 'the name stands for another address'],
    );
  },
};

const machineRules: Readonly<Record<string, Rule>> = {
  'the data disk is not cached and outlives the machine': ({ vm }) => {
    const { dataDisks } = vm.properties['storageProfile'] as StorageProfile;
    return dataDisks.flatMap(({ caching, deleteOption, createOption }) =>
      unless(
        [caching === 'None', `cached ${String(caching)}`],
        [deleteOption === 'Detach', `on deletion: ${String(deleteOption)}`],
        [createOption === 'Attach', `made by ${String(createOption)}`],
      ),
    );
  },

  'the machine starts trusted and lets nobody in by password': ({ vm }) => {
    const { securityType, uefiSettings } = vm.properties['securityProfile'] as Record<string, unknown>;
    const { linuxConfiguration, adminPassword } = vm.properties['osProfile'] as Record<string, Record<string, unknown>>;
    return unless(
      [securityType === 'TrustedLaunch', `security type ${String(securityType)}`],
      [Object.values(uefiSettings as object).every((on) => on === true), 'not all of trusted launch is on'],
      [linuxConfiguration?.['disablePasswordAuthentication'] === true, 'passwords let people in'],
      [adminPassword === undefined, 'there is a password'],
    );
  },

  'a failed configuration fails the deployment': (deployment) => {
    const { treatFailureAsDeploymentFailure, asyncExecution } = deployment.one(
      'Microsoft.Compute/virtualMachines/runCommands',
    ).properties;
    return unless([treatFailureAsDeploymentFailure === true && asyncExecution === false, 'its failure is not seen']);
  },

  'function app and command line write the same': (deployment) => {
    const lines = deployment.placed('/etc/eventferry/replication.env').trim().split('\n');
    const machine = Object.fromEntries(
      lines.map((line) => (/^(\w+)='(.*)'$/.exec(line)?.slice(1) ?? ['unreadable', line]) as [string, string]),
    );
    const { settings } = deployment;
    const own = ['CHECKPOINT_STORAGE__accountName', 'CHECKPOINT_STORAGE__credential'];
    // These settings decide how it runs and what it reports, not what it writes.
    const ofRuns = ['REPLICATION_SCHEDULE', 'RUN_SECONDS', 'WHEN_CAUGHT_UP', 'NOTIFY_WEBHOOK_URL', 'HEARTBEAT_URL'];
    const elsewhere = [
      'EVENTSTORE_CONNECTION_STRING',
      'EVENTSTORE_TLS_CA',
      'SOURCE_STORAGE',
      'SOURCE_STORAGE__clientId',
    ];
    return [
      ...Object.keys(machine).filter((name) => !own.includes(name) && machine[name] !== settings[name]),
      ...Object.keys(settings).filter(
        (name) =>
          name in schema && ![...ofRuns, ...platform].includes(name) && !elsewhere.includes(name) && !(name in machine),
      ),
      ...unless([
        machine['CHECKPOINT_STORAGE__accountName'] === settings['AzureWebJobsStorage__accountName'],
        'the checkpoints are in different accounts',
      ]),
    ].map((name) => `${name} differs`);
  },

  'snapshots are made daily and kept seven days': (deployment) => {
    const [policy] = deployment.all('Microsoft.DataProtection/backupVaults/backupPolicies');
    if (!policy) return [];
    const text = JSON.stringify(policy.properties);
    return unless(
      [text.includes('/P1D"'), 'not daily'],
      [text.includes('"duration":"P7D"'), 'not kept seven days'],
      [text.includes('"backupType":"Incremental"'), 'not incremental'],
    );
  },
};

const reference = /^@Microsoft\.KeyVault\(SecretUri=https:\/\/kv-\w+\.vault\.azure\.net\/secrets\/([a-z-]+)\)$/;

const secretRules: Readonly<Record<string, Rule>> = {
  'no secret is made by the template': (deployment) =>
    deployment.all('Microsoft.KeyVault/vaults/secrets').map(({ name }) => `${name} is declared`),

  'no value changes by itself': ({ snapshot }) =>
    ['newGuid(', 'utcNow('].filter((call) => JSON.stringify(snapshot).includes(call)),

  'no secret is in a setting, on the machine or in an output': (deployment) => {
    const texts: Record<string, string> = {
      ...deployment.rawSettings,
      ...Object.fromEntries(Object.entries(deployment.snapshot.outputs).map(([name, value]) => [name, String(value)])),
      script: JSON.stringify(deployment.one('Microsoft.Compute/virtualMachines/runCommands').properties),
    };
    const secret =
      /listKeys|listAccountSas|listServiceSas|AccountKey=|[?&]sig=|esdb:\/\/[^:'"$]+:[^$'"]|BEGIN [A-Z ]*PRIVATE KEY/;
    return Object.keys(texts).filter((name) => secret.test(texts[name] ?? ''));
  },

  'what is secret is a reference to the vault': ({ settings }) =>
    [
      ...['EVENTSTORE_CONNECTION_STRING', 'EVENTSTORE_TLS_CA'],
      // The connection string of telemetry is not secret: telemetry accepts identities only.
      ...Object.keys(settings).filter(
        (name) =>
          (schema[name as keyof typeof schema]?.secret && !platform.includes(name)) || name === 'SOURCE_STORAGE',
      ),
    ].filter((name) => !reference.test(settings[name] ?? '')),

  'a reference names a secret that the deployment makes or demands, and that the app may read': (deployment) =>
    Object.values(deployment.settings)
      .flatMap((value) => reference.exec(value)?.[1] ?? [])
      .filter(
        (name) => !deployment.roles.some((role) => role.startsWith('id-app ') && role.endsWith(`/secrets/${name}`)),
      )
      .map((name) => `${name} may not be read`),

  'the vault goes by roles': (deployment) => {
    const { enableRbacAuthorization, enableSoftDelete } = deployment.one('Microsoft.KeyVault/vaults').properties;
    return unless([enableRbacAuthorization === true && enableSoftDelete === true, 'it does not']);
  },
};

const storageRules: Readonly<Record<string, Rule>> = {
  'every account of ours takes identities and TLS 1.2 only': (deployment) =>
    deployment
      .all('Microsoft.Storage/storageAccounts')
      .flatMap(({ name, properties }) =>
        unless(
          [properties['allowSharedKeyAccess'] === false, `${name} takes shared keys`],
          [properties['allowBlobPublicAccess'] === false, `${name} allows public blobs`],
          [properties['minimumTlsVersion'] === 'TLS1_2', `${name} takes ${String(properties['minimumTlsVersion'])}`],
          [properties['supportsHttpsTrafficOnly'] === true, `${name} takes HTTP`],
        ),
      ),

  'nothing of a source that is not ours is written': (deployment, { foreignSource }) =>
    foreignSource === undefined
      ? []
      : deployment.snapshot.predictedResources
          .filter(({ type, name }) => type.startsWith('Microsoft.Storage/') && name.split('/')[0] === foreignSource)
          .map(({ type, name }) => `${type} ${name}`),

  'each role assignment is one that is needed': (deployment, { roles }) => {
    const given = deployment.roles;
    return [
      ...given.filter((role) => !roles.includes(role)).map((role) => `not needed: ${role}`),
      ...roles.filter((role) => !given.includes(role)).map((role) => `missing: ${role}`),
    ];
  },

  'every alert is on, looks every five minutes, and tells people what to do': (deployment) =>
    ['Microsoft.Insights/scheduledQueryRules', 'Microsoft.Insights/metricAlerts'].flatMap((type) =>
      deployment.all(type).flatMap(({ name, properties }) => {
        const text = JSON.stringify(properties);
        return unless(
          [properties['enabled'] === true, `${name} is off`],
          [
            properties['evaluationFrequency'] === 'PT5M',
            `${name} looks every ${String(properties['evaluationFrequency'])}`,
          ],
          [/\/actionGroups\/ag-/.test(text), `${name} tells nobody`],
          [
            String(properties['description']).endsWith(`operating.md#${name.replace('eventferry-', '')}`),
            `${name} does not say what to do`,
          ],
          [
            /\/(?:workspaces\/log|virtualMachines\/vm-eventstore)-/.test(String(properties['scopes'])),
            `${name} looks elsewhere`,
          ],
        );
      }),
    ),

  'the switch that goes off in silence is there: no successful run for fifteen minutes': (deployment) => {
    const rule = deployment
      .all('Microsoft.Insights/scheduledQueryRules')
      .find(({ name }) => name === 'eventferry-no-successful-run');
    return unless([rule?.properties['windowSize'] === 'PT15M', 'it is not']);
  },

  'telemetry takes identities only, and logs have a daily cap': (deployment) => {
    const { DisableLocalAuth } = deployment.one('Microsoft.Insights/components').properties;
    const { workspaceCapping } = deployment.one('Microsoft.OperationalInsights/workspaces').properties as {
      readonly workspaceCapping?: { readonly dailyQuotaGb?: number };
    };
    return unless(
      [DisableLocalAuth === true, 'local authentication is on'],
      [(workspaceCapping?.dailyQuotaGb ?? 0) > 0, 'there is no cap'],
    );
  },
};

export const rules: Readonly<Record<string, Rule>> = {
  ...appRules,
  ...networkRules,
  ...machineRules,
  ...secretRules,
  ...storageRules,
};
