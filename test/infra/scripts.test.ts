import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../infra/tools/azure/environment.js';
import { committedSnapshot } from '../../infra/tools/azure/bicep.js';
import { Deployment } from './deployment.js';
import { hasProgram } from './tool.js';

const vm = join(root, 'infra/vm');
const scripts = readdirSync(vm, { withFileTypes: true })
  .filter((entry) => entry.isFile() && readFileSync(join(vm, entry.name), 'utf8').startsWith('#!/bin/bash'))
  .map(({ name }) => name);

let scratch: string;
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), 'infra-scripts-'))));
afterAll(() => rmSync(scratch, { recursive: true }));

function run(program: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}` };
}

describe.skipIf(!hasProgram('shellcheck'))('shellcheck', () => {
  test('shellcheck finds nothing in any script', () => {
    expect(scripts.length).toBeGreaterThan(10);
    expect(run('shellcheck', ...scripts.map((name) => join(vm, name)))).toEqual({ status: 0, said: '' });
  });

  test('shellcheck finds nothing in what the run command runs', () => {
    const script = join(scratch, 'run-command');
    writeFileSync(script, new Deployment(committedSnapshot('infra/prod.bicepparam')).script);
    expect(run('shellcheck', script)).toEqual({ status: 0, said: '' });
  });

  test('shellcheck finds a mistake in a script', () => {
    writeFileSync(join(scratch, 'wrong'), '#!/bin/bash\nrm -rf $1/*\n');
    expect(run('shellcheck', join(scratch, 'wrong')).status).toBe(1);
  });
});

describe.skipIf(!hasProgram('cloud-init'))('cloud-init', () => {
  const { vm: machine } = new Deployment(committedSnapshot('infra/prod.bicepparam'));
  const { customData } = machine.properties['osProfile'] as { customData: string };

  test('cloud-init takes what the machine is given', () => {
    const file = join(scratch, 'user-data');
    writeFileSync(file, Buffer.from(customData, 'base64'));
    expect(run('cloud-init', 'schema', '--config-file', file)).toMatchObject({
      status: 0,
      said: expect.stringContaining('Valid cloud-config') as string,
    });
  });

  test('cloud-init refuses a mistake in what the machine is given', () => {
    const file = join(scratch, 'wrong-data');
    writeFileSync(file, Buffer.from(customData, 'base64').toString().replace('runcmd:', 'runcmd: now'));
    expect(run('cloud-init', 'schema', '--config-file', file).status).not.toBe(0);
  });

  test('cloud-init carries the script of the repository', () => {
    const text = Buffer.from(customData, 'base64').toString();
    const script = Buffer.from(/content: '([A-Za-z0-9+/=]+)'/.exec(text)?.[1] ?? '', 'base64').toString();
    expect(script).toBe(readFileSync(join(vm, 'mount-data'), 'utf8'));
  });
});

describe.skipIf(!hasProgram('systemd-analyze'))('systemd', () => {
  const units = [
    'eventferry-health.service',
    'eventferry-health.timer',
    'eventferry-upkeep.service',
    'eventferry-upkeep.timer',
  ];

  /** A separate root with the units, the programs that they start, and a stand-in for the server's unit. */
  function unitRoot(): string {
    const place = mkdtempSync(join(scratch, 'root-'));
    const system = join(place, 'etc/systemd/system');
    cpSync(join(vm, 'systemd'), system, { recursive: true });
    for (const program of ['opt/eventferry/vm/health', 'opt/eventferry/vm/upkeep', 'usr/bin/kurrentd']) {
      mkdirSync(dirname(join(place, program)), { recursive: true });
      writeFileSync(join(place, program), '#!/bin/sh\n', { mode: 0o755 });
    }
    const targets = ['basic', 'sysinit', 'timers', 'network-online', 'shutdown', 'multi-user', 'time-set', 'time-sync'];
    for (const name of targets) writeFileSync(join(system, `${name}.target`), `[Unit]\nDescription=${name}\n`);
    writeFileSync(
      join(system, 'kurrentdb.service'),
      '[Unit]\nDescription=server\n[Service]\nExecStart=/usr/bin/kurrentd\n',
    );
    return place;
  }

  function verify(place: string) {
    return run('systemd-analyze', 'verify', '--man=no', `--root=${place}`, ...[...units, 'kurrentdb.service']);
  }

  test('systemd takes every unit, and the addition to the unit of the server', () => {
    expect(verify(unitRoot())).toEqual({ status: 0, said: '' });
  });

  test('systemd finds a mistake in a unit', () => {
    const place = unitRoot();
    const unit = join(place, 'etc/systemd/system/eventferry-health.timer');
    writeFileSync(unit, readFileSync(unit, 'utf8').replace('OnCalendar=minutely', 'OnCalendar=sometimes'));
    expect(verify(place).said).toContain('sometimes');
  });
});
