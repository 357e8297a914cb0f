import { describe, expect, test } from 'vitest';
import { committedSnapshot, parameterFiles } from '../../../infra/tools/azure/bicep.js';
import { Deployment } from '../deployment.js';
import { expectedOf } from './expected.js';
import { rules } from './rules.js';

describe.each(parameterFiles)('What %s deploys', (file) => {
  const deployment = new Deployment(committedSnapshot(file));
  const expected = expectedOf(file, deployment);

  test.each(Object.entries(rules))('The deployment obeys the rule: %s', (_, rule) => {
    expect(rule(deployment, expected)).toEqual([]);
  });
});

type Break = (deployment: Deployment) => void;

/** A nested value of a resource, which a break changes. */
function within(start: unknown, ...path: (string | number)[]): Record<string, unknown> {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], start) as Record<
    string,
    unknown
  >;
}

const flex = (deployment: Deployment, ...path: string[]) =>
  within(deployment.app.properties, 'functionAppConfig', ...path);
const scale = (deployment: Deployment) => flex(deployment, 'scaleAndConcurrency');
const securityRules = (deployment: Deployment) =>
  within(deployment.one('Microsoft.Network/networkSecurityGroups').properties, 'securityRules') as unknown as Record<
    string,
    Record<string, unknown>
  >[];
const disk = ({ vm }: Deployment) => within(vm.properties, 'storageProfile', 'dataDisks', 0);
const add = (deployment: Deployment, type: string, name: string, properties: Record<string, unknown> = {}) =>
  deployment.snapshot.predictedResources.push({ type, name, id: name, properties });
const account = (deployment: Deployment) =>
  within(deployment.all('Microsoft.Storage/storageAccounts')[0], 'properties');
const alert = (deployment: Deployment) =>
  within(
    deployment
      .all('Microsoft.Insights/scheduledQueryRules')
      .find(({ name }) => name === 'eventferry-no-successful-run'),
    'properties',
  );
const set =
  (name: string, value: string): Break =>
  (deployment) =>
    (deployment.rawSettings[name] = value);
const unset =
  (name: string): Break =>
  (deployment) =>
    Reflect.deleteProperty(deployment.rawSettings, name);

/** For each rule, ways to break it; each is applied to a copy of a deployment that uses all options. */
const breaks: Readonly<Record<string, readonly Break[]>> = {
  'the app runs on Node 24': [(d) => (flex(d, 'runtime')['version'] = '99')],
  'an instance has a size that Azure offers, and there is at least one': [
    (d) => (scale(d)['instanceMemoryMB'] = 700),
    (d) => (scale(d)['maximumInstanceCount'] = 0),
  ],
  'what is always ready is a function that exists, in the profile that asks for it': [
    (d) => (scale(d)['alwaysReady'] = [{ name: 'function:typo', instanceCount: 1 }]),
    (d) => (scale(d)['alwaysReady'] = []),
  ],
  'the app proves itself to storage and vault with its identity': [
    (d) => Reflect.deleteProperty(d.app.properties, 'keyVaultReferenceIdentity'),
    (d) => (flex(d, 'deployment', 'storage', 'authentication')['type'] = 'StorageAccountConnectionString'),
    unset('AzureWebJobsStorage__credential'),
    unset('AzureWebJobsStorage__clientId'),
  ],
  'no setting is one that Flex Consumption refuses': [
    set('FUNCTIONS_WORKER_RUNTIME', 'node'),
    set('WEBSITE_CONTENTSHARE', 'x'),
    set('AzureWebJobsStorage', 'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=b'),
  ],
  'every setting is in the schema, and what is required is given and works': [
    set('SOURCE_CONTIANER', 'tapes'),
    unset('SOURCE_CONTAINER'),
    unset('EVENTSTORE_CONNECTION_STRING'),
    unset('SOURCE_STORAGE__clientId'),
    set('RUN_SECONDS', '0'),
  ],
  'the timer is off if and only if it is asked for': [
    set('AzureWebJobs.replicate.Disabled', 'false'),
    unset('AzureWebJobs.replicate.Disabled'),
  ],
  'runs are as the profile says': [set('WHEN_CAUGHT_UP', 'exit')],
  'the app is reached through TLS alone': [
    (d) => (d.app.properties['httpsOnly'] = false),
    (d) => (within(d.app.properties, 'siteConfig')['minTlsVersion'] = '1.0'),
  ],
  'the subnet of the app is delegated to Flex Consumption, large enough and well named': [
    (d) => (within(d.subnet('app'), 'delegations', 0, 'properties')['serviceName'] = 'Microsoft.Web/serverFarms'),
    (d) => (d.subnet('app')['addressPrefix'] = '10.61.0.0/29'),
    (d) => (d.app.properties['virtualNetworkSubnetId'] = '/virtualNetworks/v/subnets/app_subnet'),
  ],
  'both subnets lead out through the NAT gateway and nowhere else': [
    (d) => Reflect.deleteProperty(d.subnet('eventstore'), 'natGateway'),
    (d) => (d.subnet('app')['defaultOutboundAccess'] = true),
  ],
  'only the named prefixes reach the server, and a rule denies the rest': [
    (d) => securityRules(d).pop(),
    (d) => (within(securityRules(d)[0], 'properties')['sourceAddressPrefix'] = '*'),
    (d) => (within(securityRules(d).at(-1), 'properties')['priority'] = 90),
    (d) => Reflect.deleteProperty(d.subnet('eventstore'), 'networkSecurityGroup'),
    (d) => securityRules(d).splice(1, 1),
  ],
  'the machine has no public address': [
    (d) =>
      (within(d.one('Microsoft.Network/networkInterfaces').properties, 'ipConfigurations', 0, 'properties')[
        'publicIPAddress'
      ] = { id: 'x' }),
  ],
  'the server has a fixed address, which its name stands for': [
    (d) =>
      (within(d.one('Microsoft.Network/privateDnsZones/A').properties, 'aRecords', 0)['ipv4Address'] = '10.61.0.139'),
  ],
  'the data disk is not cached and outlives the machine': [
    (d) => (disk(d)['caching'] = 'ReadOnly'),
    (d) => (disk(d)['deleteOption'] = 'Delete'),
  ],
  'the machine starts trusted and lets nobody in by password': [
    (d) => (within(d.vm.properties, 'securityProfile')['securityType'] = 'Standard'),
    (d) => (within(d.vm.properties, 'osProfile', 'linuxConfiguration')['disablePasswordAuthentication'] = false),
  ],
  'a failed configuration fails the deployment': [
    (d) =>
      (d.one('Microsoft.Compute/virtualMachines/runCommands').properties['treatFailureAsDeploymentFailure'] = false),
  ],
  'function app and command line write the same': [set('SOURCE_ID', 'other'), set('BODY_MODE', 'raw')],
  'snapshots are made daily and kept seven days': [
    (d) => {
      const policy = d.one('Microsoft.DataProtection/backupVaults/backupPolicies');
      Object.assign(policy, {
        properties: JSON.parse(JSON.stringify(policy.properties).replace('P7D', 'P2D')) as object,
      });
    },
  ],
  'no secret is made by the template': [(d) => add(d, 'Microsoft.KeyVault/vaults/secrets', 'kv/eventferry-password')],
  'no value changes by itself': [set('SOURCE_ID', '[newGuid()]'), set('SOURCE_ID', '[utcNow()]')],
  'no secret is in a setting, on the machine or in an output': [
    set('EVENTSTORE_CONNECTION_STRING', 'esdb://eventferry:secret@eventstore:2113'),
    set('SOURCE_STORAGE', 'https://a.blob.core.windows.net/?sp=r&sig=secret'),
    (d) => (d.snapshot.outputs['KEY'] = "[listKeys('x', '2025-06-01').keys[0].value]"),
  ],
  'what is secret is a reference to the vault': [
    set('EVENTSTORE_CONNECTION_STRING', 'esdb://eventstore:2113'),
    set('EVENTSTORE_TLS_CA', '@Microsoft.KeyVault(SecretUri=https://elsewhere.example/secrets/ca)'),
    set('NOTIFY_WEBHOOK_URL', 'https://hooks.example.com/services/secret'),
    set('HEARTBEAT_URL', 'https://beats.example.com/secret'),
  ],
  'the vault goes by roles': [
    (d) => (d.one('Microsoft.KeyVault/vaults').properties['enableRbacAuthorization'] = false),
  ],
  'every account of ours takes identities and TLS 1.2 only': [
    (d) => (account(d)['allowSharedKeyAccess'] = true),
    (d) => (account(d)['minimumTlsVersion'] = 'TLS1_0'),
    (d) => (account(d)['allowBlobPublicAccess'] = true),
  ],
  'nothing of a source that is not ours is written': [
    (d) => add(d, 'Microsoft.Storage/storageAccounts', 'shopevents', account(d)),
    (d) => add(d, 'Microsoft.Storage/storageAccounts/blobServices', 'shopevents/default'),
  ],
  'each role assignment is one that is needed': [
    (d) => {
      const roles = d.all('Microsoft.Authorization/roleAssignments');
      d.snapshot.predictedResources.splice(d.snapshot.predictedResources.indexOf(roles[0] ?? d.app), 1);
    },
    (d) => {
      const role = d
        .all('Microsoft.Authorization/roleAssignments')
        .find((one) => JSON.stringify(one).includes('2a2b9908'));
      if (role) role.properties['roleDefinitionId'] = '/x/ba92f5b4-2d11-453d-a403-e96b0029c9fe';
    },
  ],
  'every alert is on, looks every five minutes, and tells people what to do': [
    (d) => (alert(d)['enabled'] = false),
    (d) => (alert(d)['evaluationFrequency'] = 'PT1H'),
    (d) => (within(alert(d), 'actions')['actionGroups'] = []),
    (d) => (alert(d)['description'] = 'Something is wrong.'),
    (d) => (alert(d)['scopes'] = ['/elsewhere']),
  ],
  'the switch that goes off in silence is there: no successful run for fifteen minutes': [
    (d) => (alert(d)['windowSize'] = 'P1D'),
  ],
  'a reference names a secret that the deployment makes or demands, and that the app may read': [
    set('HEARTBEAT_URL', '@Microsoft.KeyVault(SecretUri=https://kv-x.vault.azure.net/secrets/something-else)'),
  ],
  'telemetry takes identities only, and logs have a daily cap': [
    (d) => (d.one('Microsoft.Insights/components').properties['DisableLocalAuth'] = false),
    (d) => Reflect.deleteProperty(d.one('Microsoft.OperationalInsights/workspaces').properties, 'workspaceCapping'),
  ],
};

describe('A deployment that breaks a rule', () => {
  const file = 'test/infra/params/ownSource.bicepparam';
  const whole = new Deployment(committedSnapshot(file));
  const expected = expectedOf(file, whole);

  test('Each rule of a deployment has a deployment that breaks it', () => {
    expect(Object.keys(breaks).sort()).toEqual(Object.keys(rules).sort());
  });

  test.each(Object.entries(breaks))('A deployment that breaks a rule is noticed: %s', (name, ways) => {
    for (const way of ways) {
      const broken = whole.clone();
      way(broken);
      expect(rules[name]?.(broken, expected), way.toString()).not.toEqual([]);
    }
  });
});

describe('The machine', () => {
  const deployments = parameterFiles.map((file) => new Deployment(committedSnapshot(file)));

  test('The machine gets customData that no parameter changes, since Azure refuses to change it on a machine that exists', () => {
    const customData = deployments.map(({ vm }) =>
      String((vm.properties['osProfile'] as { customData: string }).customData),
    );
    expect(new Set(customData).size).toBe(1);
    expect(Buffer.from(customData[0] ?? '', 'base64').toString()).toMatch(/^#cloud-config\n/);
  });
});
