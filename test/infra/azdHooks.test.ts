import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root } from '../../infra/tools/azure/environment.js';

/** The commands that azd runs before it provisions. */
const hook = (
  /preprovision:[^]*?run: \|\n((?: {6}.*\n)+)/.exec(readFileSync(join(root, 'azure.yaml'), 'utf8'))?.[1] ?? ''
)
  .split('\n')
  .map((line) => line.trim())
  .join('\n');

describe('What azd runs before it provisions', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'azd-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const deployed = { AZURE_RESOURCE_GROUP: 'rg-x', AZURE_FUNCTION_APP_NAME: 'func-x', EVENTSTORE_VM_NAME: 'vm-x' };

  /** Runs the hook. Stand-ins for azd and npm record their arguments; the stand-in for az runs the script `az`. */
  function run(az: string, variables: Readonly<Record<string, string>> = deployed) {
    const program = (name: string, script: string) =>
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    program('az', az);
    for (const name of ['azd', 'npm']) program(name, `echo "${name} $*" >>${folder}/record`);
    const { status, stderr } = spawnSync('sh', ['-c', hook], {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: `${folder}:${process.env['PATH']}`, AZURE_ENV_NAME: 'shop', ...variables },
    });
    const record = join(folder, 'record');
    return { status, stderr, record: existsSync(record) ? readFileSync(record, 'utf8').trim().split('\n') : [] };
  }

  const secrets = 'npm run --silent infra:secrets -- --env shop';

  test('The hook that azd runs before it provisions makes the secrets of its own environment, and passes on whether the timer is off', () => {
    for (const off of ['true', 'false']) {
      rmSync(join(folder, 'record'), { force: true });
      const { status, record } = run(`echo '["${off}"]'`, { ...deployed, EVENTFERRY_ENV: 'prod' });
      expect({ status, record }).toEqual({ status: 0, record: [secrets, `azd env set EVENTFERRY_TIMER_OFF ${off}`] });
    }
  });

  test('The hook that azd runs before it provisions fails when whether the timer is off cannot be seen, so that nothing switches it on', () => {
    const { status, record, stderr } = run('echo "ERROR: Please run az login" >&2; exit 1');
    expect({ status, record }).toEqual({ status: 1, record: [secrets] });
    expect(stderr).toContain('Please run az login');
  });

  test('The hook that azd runs before it provisions follows EVENTFERRY_PAUSED, also before anything is deployed, and leaves that variable as it is', () => {
    const { record } = run('echo null', { EVENTFERRY_PAUSED: 'true' });
    expect(record).toEqual([secrets, 'azd env set EVENTFERRY_TIMER_OFF true']);
  });

  test('The hook that azd runs before it provisions treats an empty EVENTFERRY_PAUSED as none, and refuses what is neither true nor false', () => {
    expect(run(`echo '["true"]'`, { ...deployed, EVENTFERRY_PAUSED: '' }).record.at(-1)).toMatch(/TIMER_OFF true$/);
    const refused = run(`echo '["true"]'`, { ...deployed, EVENTFERRY_PAUSED: 'yes' });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('EVENTFERRY_PAUSED must be true or false, or not set, not "yes".');
  });

  test('The hook that azd runs before it provisions passes on whether the timer is off in the variable that the parameters read', () => {
    const { parameters } = JSON.parse(readFileSync(join(root, 'infra/main.parameters.json'), 'utf8')) as {
      parameters: Record<string, { value: string }>;
    };
    expect(parameters['paused']?.value).toBe('${EVENTFERRY_TIMER_OFF=false}');
  });
});
