import { describe, expect, test } from 'vitest';
import { built, deployed, outputs, pausedNow } from './azAnswers.js';
import { toolRunner } from './azStandIn.js';

describe('The commands of a deployment', () => {
  const run = toolRunner();

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
