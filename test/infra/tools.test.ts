import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root } from '../../infra/tools/azure/environment.js';
import { makeAuthority } from '../../infra/tools/vault/certificates.js';
import { makeSecrets, rotatePassword } from '../../infra/tools/vault/vaultSecrets.js';
import { MemoryVault } from './memoryVault.js';

describe('The secrets of a deployment', () => {
  test('The secrets of a deployment are made once: a second deployment makes none and changes none', () => {
    const vault = new MemoryVault();
    expect(makeSecrets(vault)).toHaveLength(8);
    const before = structuredClone(vault.versions);
    expect(makeSecrets(vault)).toEqual([]);
    expect(vault.versions).toEqual(before);
  });

  test('The secrets of a deployment are not made anew when a deployment broke off between two of them', () => {
    const whole = new MemoryVault();
    makeSecrets(whole);
    for (const name of ['eventstore-connection-string', 'eventferry-password', 'eventstore-certificate']) {
      const vault = new MemoryVault();
      Object.assign(vault.versions, structuredClone(whole.versions));
      Reflect.deleteProperty(vault.versions, name);
      makeSecrets(vault);
      expect(vault.get('eventstore-admin-password')).toBe(whole.get('eventstore-admin-password'));
      expect(vault.get('eventstore-ca')).toBe(whole.get('eventstore-ca'));
    }
  });

  test('Password and connection string of a deployment stay together when the replicator gets a new password', () => {
    const vault = new MemoryVault();
    makeSecrets(vault);
    const before = vault.get('eventferry-password');
    rotatePassword(vault, 'eventferry');
    expect(vault.get('eventferry-password')).not.toBe(before);
    expect(vault.get('eventstore-connection-string')).toContain(`:${vault.get('eventferry-password')}@`);
    expect(vault.versions['eventferry-password']).toHaveLength(2);
  });

  test('The secrets of a deployment are not made when the vault has only half of the authority', () => {
    const vault = new MemoryVault();
    makeSecrets(vault);
    Reflect.deleteProperty(vault.versions, 'eventstore-ca-key');
    expect(() => makeSecrets(vault)).toThrow('only one half of the authority');
  });
});

const authority = makeAuthority();

describe('The commands of a deployment', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'az-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const outputs = {
    AZURE_RESOURCE_GROUP: 'rg-eventferry-dev',
    AZURE_FUNCTION_APP_NAME: 'func-x',
    EVENTSTORE_VM_NAME: 'vm-x',
    AZURE_KEY_VAULT_NAME: 'kv-x',
  };

  /** Runs a tool. A stand-in for `az` records its arguments and prints the first answer whose pattern fits. */
  function run(
    tool: string,
    args: readonly string[],
    answers: readonly (readonly [pattern: string, answer: string])[],
    variables: Readonly<Record<string, string>> = {},
  ) {
    rmSync(join(folder, 'record'), { force: true });
    const cases = answers
      .map(([pattern, answer]) => `  ${pattern}) cat <<'ANSWER'\n${answer}\nANSWER\n  ;;`)
      .join('\n');
    writeFileSync(join(folder, 'az'), `#!/bin/bash\necho "$*" >>${folder}/record\ncase "$*" in\n${cases}\nesac\n`);
    chmodSync(join(folder, 'az'), 0o755);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), join(root, `infra/tools/${tool}.ts`), ...args],
      { encoding: 'utf8', env: { PATH: `${folder}:${process.env['PATH']}`, ...variables } },
    );
    const record = existsSync(join(folder, 'record'))
      ? readFileSync(join(folder, 'record'), 'utf8').trim().split('\n')
      : [];
    return { status, stdout, stderr, record };
  }

  const deployed = [
    "'deployment sub show'*",
    JSON.stringify(Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name.toLowerCase(), { value }]))),
  ] as const;
  const builtWith = (parameters: object) =>
    [
      "'bicep build-params'*",
      JSON.stringify({
        parametersJson: JSON.stringify({
          parameters: Object.fromEntries(
            Object.entries(parameters).map(([name, value]) => [name, { value: value as unknown }]),
          ),
        }),
      }),
    ] as const;
  const parameters = { environmentName: 'dev', location: 'westeurope', sourceKind: 'new' };
  const built = builtWith(parameters);
  const pausedNow = ["'functionapp config appsettings list'*", '["true"]'] as const;
  const names = [
    'eventstore-admin-password eventstore-ops-password eventferry-password eventstore-connection-string',
    'eventstore-ca eventstore-ca-key',
  ].join(' ');

  test('The commands of a deployment run a command on the machine and end with its exit code', () => {
    const answer = JSON.stringify({
      value: [{ message: 'Enable succeeded:\n[stdout]\nlag 0\nexit code 3\n\n[stderr]\n' }],
    });
    const ran = run('remote', ['verify', '--from', "it's"], [deployed, ["'vm run-command invoke'*", answer]]);
    expect(ran.status).toBe(3);
    expect(ran.stdout).toContain('lag 0');
    expect(ran.record.at(-1)).toContain(`/usr/local/bin/eventferry verify --from 'it'\\''s'; echo "exit code $?"`);
    expect(ran.stderr).toContain('$ az vm run-command invoke --resource-group rg-eventferry-dev --name vm-x');
  });

  test('The commands of a deployment ask a question of the log, over the hours that are asked for', () => {
    const table = {
      columns: [{ name: 'TimeGenerated' }, { name: 'LagSeconds' }],
      rows: [
        ['2026-01-01T00:00:00Z', 7],
        ['2026-01-01T00:05:00Z', null],
      ],
    };
    const answer = JSON.stringify({ tables: [table] });
    const ran = run('ask', ['lag', '--hours', '24'], [deployed, ["'rest --method post'*", answer]]);
    expect(ran).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^TimeGenerated +LagSeconds\n2026/) as string,
    });
    expect(ran.record.join('\n')).toContain('"timespan":"PT24H"');
    expect(ran.record.join('\n')).toContain('eventferry.lag.seconds');
    expect(run('ask', [], [deployed])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/ {2}lag +How many seconds is replication behind/) as string,
    });
  });

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

  test('The commands of a deployment pause the timer, and print whether it is off', () => {
    const { record } = run('paused', ['pause'], [deployed]);
    expect(record.at(-1)).toContain('--settings AzureWebJobs.replicate.Disabled=true');
    expect(run('paused', ['print'], [deployed, pausedNow]).stdout).toBe('true\n');
  });

  test('The commands of a deployment act on the environment that is asked for, although azd has set the variables of another', () => {
    const dev = { ...outputs, AZURE_ENV_NAME: 'dev' };
    const prod = [
      "'deployment sub show --name eventferry-prod'*",
      JSON.stringify({ azurE_RESOURCE_GROUP: { value: 'rg-prod' }, azurE_FUNCTION_APP_NAME: { value: 'func-prod' } }),
    ] as const;
    for (const asked of [['--env', 'prod'], ['--env=prod']]) {
      const { record } = run('paused', ['pause', ...asked], [prod], dev);
      expect(record.at(-1)).toContain('--resource-group rg-prod --name func-prod');
    }
    expect(run('paused', ['pause'], [], dev).record).toEqual([expect.stringContaining('--name func-x')]);
  });

  test.each([
    ['app:pause', 'paused', ['pause', 'prod'], {}],
    ['app:resume', 'paused', ['resume', '--environment', 'prod'], {}],
    ['app:deploy', 'deployApp', ['prod'], {}],
    ['infra:smoke', 'smoke', ['--environment=prod'], {}],
    ['infra:deploy without the -- for npm', 'deploy', ['create', 'prod'], { npm_config_env: 'true' }],
    ['infra:deploy with --env behind something else', 'deploy', ['create', '--debug', '--env=prod'], {}],
    ['infra:deploy without a name', 'deploy', ['create', '--env'], {}],
  ] as const)(
    'The commands of a deployment do nothing at all when an argument would be ignored: %s',
    (_, tool, args, variables) => {
      const { status, record, stderr } = run(tool, args, [deployed, built, pausedNow], variables);
      expect({ status, record }).toEqual({ status: 1, record: [] });
      expect(stderr).not.toBe('');
    },
  );

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

  /** A script on the machine prints this. */
  const machineSays = (said: string) =>
    [
      "'vm run-command invoke'*",
      JSON.stringify({ value: [{ message: `Enable succeeded:\n[stdout]\n${said}\n\n[stderr]\n` }] }),
    ] as const;

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

  test('The commands of a deployment say what to do when nothing was deployed', () => {
    const { status, stderr } = run('remote', ['status'], [["'deployment sub show'*", 'null']]);
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('npm run infra:deploy') as string,
    });
  });

  test('The smoke test of a deployment ticks off each assumption, with what to look at when it does not hold', () => {
    const ran = run('smoke', [], [deployed, ["*'mountpoint'*", 'exit code 0']]);
    expect(ran.status).toBe(1);
    expect(ran.stdout).toContain('✔ The data disk is found and mounted at /data\n');
    expect(ran.stdout).toMatch(/✘ Every function is registered\n {2}Look at: /);
  });
});
