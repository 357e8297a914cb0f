import { describe, expect, test } from 'vitest';
import { makeAuthority } from '../../../infra/tools/vault/certificates.js';
import { built, builtWith, deployed, machineSays, names, parameters, pausedNow } from './azAnswers.js';
import { toolRunner } from './azStandIn.js';

const authority = makeAuthority();

describe('The commands of a deployment', () => {
  const run = toolRunner();

  test('The commands of a deployment demand each secret that only a person can give, that the parameters need and that the vault lacks', () => {
    const vault = [
      ["*'infra/vault.bicep'*", 'kv-x'],
      ["'keyvault secret list'*", names.replaceAll(' ', '\n')],
    ] as const;
    const needs = [
      [{ sourceKind: 'secret' }, 'source-connection: set EVENTFERRY_SOURCE_CONNECTION to'],
      [{ notifyWebhook: true }, 'notify-webhook-url: set EVENTFERRY_NOTIFY_WEBHOOK_URL to'],
      [{ heartbeat: true }, 'heartbeat-url: set EVENTFERRY_HEARTBEAT_URL to'],
    ] as const;
    for (const [need, said] of needs) {
      const needing = builtWith({ ...parameters, ...need });
      const ran = run('deploy', ['create', '--env', 'dev'], [deployed, needing, pausedNow, ...vault]);
      expect(ran.status).toBe(1);
      expect(ran.stderr).toContain(`The vault has no secret ${said}`);
      expect(ran.record.some((line) => line.startsWith('deployment sub create --name eventferry-dev '))).toBe(false);
    }
  });

  test('The commands of a deployment show what would change without making a secret, and keep what is paused', () => {
    const { record, stderr, status } = run('deploy', ['what-if', '--env', 'dev'], [deployed, built, pausedNow]);
    expect(status).toBe(0);
    expect(stderr).toContain('A deployment leaves the timer off.');
    expect(record.at(-1)).toMatch(
      /^deployment sub what-if --name eventferry-dev --location westeurope --parameters \S+dev\.bicepparam$/,
    );
    expect(record.some((line) => line.includes('secret'))).toBe(false);
  });

  test('The commands of a deployment first make what is missing in the vault, with no secret on a command line', () => {
    const { record, status } = run(
      'deploy',
      ['create', '--env', 'dev'],
      [
        ...[deployed, built, pausedNow],
        ["*'infra/vault.bicep'*", 'kv-x'],
        ["'keyvault secret list'*", names.replaceAll(' ', '\n').replace('eventstore-ops-password\n', '')],
        ["*'--name eventstore-ca --query'*", JSON.stringify(authority.certificate)],
        ["*'--name eventstore-ca-key --query'*", JSON.stringify(authority.key)],
      ],
    );
    expect(status).toBe(0);
    const set = record.filter((line) => line.startsWith('keyvault secret set'));
    expect(set.map((line) => /--name (\S+)/.exec(line)?.[1])).toEqual([
      'eventstore-ops-password',
      'eventstore-certificate-key',
      'eventstore-certificate',
    ]);
    for (const line of set) expect(line).toMatch(/--file \S+ --encoding utf-8 --output none$/);
    expect(record.at(-1)).toMatch(/^deployment sub create --name eventferry-dev /);
  });

  test('The commands of a deployment deploy one package into the function app and onto the machine', () => {
    const { record, stdout, status } = run('deployApp', [], [deployed, machineSays('package 1234\nexit code 0')]);
    expect(record.slice(-2)).toEqual([
      expect.stringMatching(/^functionapp deployment source config-zip .*--src \S+artifacts\/eventferry\.zip /),
      expect.stringMatching(/^vm run-command invoke .*--scripts \/opt\/eventferry\/vm\/upkeep; echo "exit code \$\?"/),
    ]);
    expect({ stdout, status }).toEqual({ stdout: expect.stringContaining('package 1234') as string, status: 0 });
  });

  test('The commands of a deployment rotate the password of the replicator: vault, then server, then the function app', () => {
    const { record, status } = run('secrets', ['--rotate', 'eventferry'], [deployed, machineSays('exit code 0')]);
    expect(status).toBe(0);
    expect(record.slice(-4)).toEqual([
      expect.stringMatching(/^keyvault secret set .*--name eventferry-password /),
      expect.stringMatching(/^keyvault secret set .*--name eventstore-connection-string /),
      expect.stringMatching(/^vm run-command invoke .*--scripts \/opt\/eventferry\/vm\/set-users;/),
      'functionapp restart --resource-group rg-eventferry-dev --name func-x',
    ]);
  });

  const vaultHasAll = [
    built,
    ["*'infra/vault.bicep'*", 'kv-x'],
    ["'keyvault secret list'*", `${names} eventstore-certificate`.replaceAll(' ', '\n')],
    ["*'--name eventstore-ca --query'*", JSON.stringify(authority.certificate)],
    ["*'--name eventstore-ca-key --query'*", JSON.stringify(authority.key)],
  ] as const;

  test.each([
    ['secrets', ['--rotate', 'eventferry'], 'set-users'],
    ['secrets', ['--renew'], 'place-certificates'],
    ['deployApp', [], 'upkeep'],
  ] as const)(
    'The commands of a deployment fail when the script on the machine does, and stop there: %s %j',
    (tool, args, script) => {
      const refused = 'set-users: the server takes no password';
      for (const [end, how] of [
        ['exit code 1', 'ended with exit code 1'],
        ['', 'was broken off'],
      ] as const) {
        const ran = run(tool, args, [deployed, ...vaultHasAll, machineSays(`${refused}\n${end}`)]);
        expect(ran.status).toBe(1);
        expect(ran.record.at(-1)).toContain(`/opt/eventferry/vm/${script}`);
        expect(ran.stderr).toContain(`/opt/eventferry/vm/${script} ${how} on vm-x. `);
        expect(ran.stderr).toMatch(/then run: npm run [a-z:]+ -- --env dev/);
        expect(ran.stderr).toContain(refused);
      }
    },
  );
});
