import { settings as schema } from '../../../src/config/settings.js';
import { platform } from './platformSettings.js';
import { unless, type Rule } from './rule.js';

interface StorageProfile {
  readonly dataDisks: readonly Readonly<Record<string, unknown>>[];
}

export const machineRules: Readonly<Record<string, Rule>> = {
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
