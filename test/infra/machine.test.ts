import { X509Certificate } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeAuthority, makeNodeCertificate } from '../../infra/tools/vault/certificates.js';
import { pack } from '../../infra/tools/app/stage.js';
import { makeSecrets, rotatePassword, serverHost } from '../../infra/tools/vault/vaultSecrets.js';
import { eventually } from '../support/waits.js';
import { script, signIn, withoutTimes } from './machine/runCommand.js';
import { ScratchMachine, type Ran } from './machine/scratchMachine.js';
import { MemoryVault } from './vault/memoryVault.js';
import { hasScratchMachine } from './tool.js';

describe.skipIf(!hasScratchMachine())('A new machine', () => {
  let machine: ScratchMachine;
  let firstRun: Ran;
  let firstRecord: string[];
  const vault = new MemoryVault();
  const share = (options = {}) => machine.setSecrets(vault.versions, options);
  const answers = (user: string, password: string) => signIn(machine, user, password);

  beforeAll(async () => {
    machine = await ScratchMachine.start();
    makeSecrets(vault);
    // A role that was just assigned has no effect at first: the vault refuses twice.
    share({ refuse: 2 });
    firstRun = machine.runScript(script());
    firstRecord = machine.takeRecord();
  });
  afterAll(() => machine.stop());

  test('A new machine is set up by the run command: disk, server, certificates, passwords, user, timers', () => {
    const { status, stdout, stderr } = firstRun;
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toContain('is empty; formatting it');
    expect(stdout.trimEnd()).toMatch(/configure: done$/);

    expect(machine.run('grep " /data " /proc/mounts').stdout).toMatch(
      new RegExp(`^${machine.disk} /data ext4 .*noatime`),
    );
    expect(machine.run('cat /etc/fstab').stdout.trim()).toMatch(/^UUID=\S+ \/data ext4 defaults,noatime,nofail,/);
    expect(machine.run('stat -c "%a %U" /etc/kurrentdb/certs/* /etc/kurrentdb/certs/ca/*').stdout).toBe(
      '700 kurrent\n600 kurrent\n600 kurrent\n600 kurrent\n',
    );
    expect(firstRecord).toEqual([
      expect.stringMatching(/^systemctl daemon-reload/),
      'setup /public/kurrent-lts/setup.deb.sh ubuntu noble',
      'apt-get -o DPkg::Lock::Timeout=300 update',
      'apt-get -o DPkg::Lock::Timeout=300 install --yes --allow-change-held-packages --allow-downgrades kurrentdb=26.0.3',
      'apt-mark hold kurrentdb',
      'systemctl daemon-reload',
      'systemctl --quiet enable kurrentdb',
      'systemctl start kurrentdb',
      'systemctl daemon-reload',
      'systemctl --quiet enable --now eventferry-health.timer eventferry-upkeep.timer',
    ]);
  });

  test('A new machine lets nobody in with the password that everybody knows, and the replicator with its own', () => {
    expect(answers('admin', 'changeit')).toBe('401');
    expect(answers('ops', 'changeit')).toBe('401');
    expect(answers('admin', vault.get('eventstore-admin-password'))).toBe('200');
    expect(answers('eventferry', vault.get('eventferry-password'))).toBe('200');
  });

  test('A new machine keeps no password and no key of the authority', () => {
    const secrets = [
      'eventstore-admin-password',
      'eventstore-ops-password',
      'eventferry-password',
      'eventstore-ca-key',
    ];
    const lineOf = (name: string) => vault.get(name).trim().split('\n').at(1) ?? vault.get(name);
    // The secrets were made after the machine came up, and only the kernel sets the time of a file's last change.
    const filesWith = (...texts: string[]) =>
      machine.run(
        `find /etc /opt /var/lib /usr/local -xdev -path /etc/ssl -prune -o -type f -cnewer /machine/ready -exec grep -lF ${texts.map((text) => `-e '${text}'`).join(' ')} {} +`,
      ).stdout;
    expect(filesWith(lineOf('eventstore-ca'))).toContain('/etc/eventferry/ca.crt\n');
    expect(filesWith(...secrets.map(lineOf))).toBe('');
    expect(machine.run('ls /etc/kurrentdb').stdout).not.toContain('first-start');
  });

  test('A machine is left as it is by a second run of the run command', () => {
    expect(machine.runScript(script()).status).toBe(0);
    machine.takeRecord();
    const before = withoutTimes(machine.files());
    expect(machine.runScript(script())).toMatchObject({ status: 0, stderr: '' });
    expect(before.length).toBeGreaterThan(1000);
    expect(withoutTimes(machine.files())).toBe(before);
    expect(machine.takeRecord().filter((line) => /apt-get|start kurrentdb|kill|setup/.test(line))).toEqual([]);
  });

  test('A machine starts the server again for a changed parameter, and installs a changed version', () => {
    expect(machine.runScript(script((text) => text.replace("LEVEL='Information'", "LEVEL='Debug'"))).status).toBe(0);
    expect(machine.takeRecord().filter((line) => /apt-get|restart/.test(line))).toEqual([
      'systemctl restart kurrentdb',
    ]);
    expect(machine.run('grep LogLevel /etc/kurrentdb/kurrentdb.conf').stdout).toBe('LogLevel: Debug\n');
    expect(machine.runScript(script((text) => text.replace('26.0.3', '26.1.0'))).status).toBe(0);
    const record = machine.takeRecord();
    expect(record.filter((line) => /install|restart|setup/.test(line))).toEqual([
      'setup /public/kurrent-latest/setup.deb.sh ubuntu noble',
      expect.stringContaining('kurrentdb=26.1.0') as string,
      'systemctl restart kurrentdb',
    ]);
  });

  test('A machine takes a renewed certificate without a restart', async () => {
    const serial = () =>
      machine.run(`openssl s_client -connect ${serverHost}:2113 </dev/null 2>/dev/null | openssl x509 -noout -serial`)
        .stdout;
    const before = serial();
    machine.takeRecord();
    makeSecrets(vault, { renew: true });
    share();
    expect(machine.run('/opt/eventferry/vm/upkeep')).toMatchObject({ status: 0, stderr: '' });
    await eventually('the server to show the new certificate', () => {
      expect(serial()).toMatch(/^serial=/);
      expect(serial()).not.toBe(before);
    });
    expect(machine.takeRecord()).toEqual(['systemctl kill --signal=HUP kurrentdb']);
  });

  test('A machine refuses a certificate of another authority, or one without its key, and keeps the old one', () => {
    const file = '/etc/kurrentdb/certs/node.crt';
    const before = machine.run(`cat ${file}`).stdout;
    const stranger = makeNodeCertificate(
      { certificate: vault.get('eventstore-ca'), key: vault.get('eventstore-ca-key') },
      serverHost,
    );
    machine.setSecrets({ ...vault.versions, 'eventstore-certificate': [stranger.certificate] });
    expect(machine.run('/opt/eventferry/vm/place-certificates')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('do not belong together') as string,
    });
    expect(machine.run(`cat ${file}`).stdout).toBe(before);
    const elsewhere = makeNodeCertificate(makeAuthority(), serverHost);
    machine.setSecrets({
      ...vault.versions,
      'eventstore-certificate': [elsewhere.certificate],
      'eventstore-certificate-key': [elsewhere.key],
    });
    expect(machine.run('/opt/eventferry/vm/place-certificates')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('verification failed') as string,
    });
    expect(machine.run(`cat ${file}`).stdout).toBe(before);
    share();
  });

  test('A machine follows a password that was rotated in the vault, of each user', () => {
    for (const user of ['admin', 'ops', 'eventferry'] as const) rotatePassword(vault, user);
    share();
    expect(machine.run('/opt/eventferry/vm/set-users')).toMatchObject({ status: 0, stderr: '' });
    expect(answers('admin', vault.get('eventstore-admin-password'))).toBe('200');
    expect(answers('ops', vault.get('eventstore-ops-password'))).toBe('200');
    expect(answers('eventferry', vault.get('eventferry-password'))).toBe('200');
  });

  test('The run command of a machine fails when a user has the password that everybody knows', () => {
    const admin = vault.get('eventstore-admin-password');
    const before = machine.run('cat /data/kurrentdb/db/users.json').stdout;
    machine.setSecrets({ ...vault.versions, 'eventstore-ops-password': ['changeit'] });
    expect(machine.run('/opt/eventferry/vm/set-users')).toMatchObject({
      status: 1,
      stderr: 'set-users: ops still has the password that everybody knows.\n',
    });
    share();
    writeFileSync(join(machine.folder, 'users.json'), before);
    machine.run('cp /machine/users.json /data/kurrentdb/db/users.json');
    expect(answers('admin', admin)).toBe('200');
  });

  test('The run command of a machine says which secret is missing and how to make it', () => {
    expect(machine.run('/opt/eventferry/vm/secret nothing')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/there is no secret nothing in .*npm run infra:secrets/) as string,
    });
  });

  test('A machine keeps the release that a command may still run from, however old it is, and none before that', () => {
    const releases = '/opt/eventferry/releases';
    const deploy = (name: string) => {
      const folder = mkdtempSync(join(machine.folder, 'package-'));
      writeFileSync(join(folder, `${name}.js`), '');
      writeFileSync(join(machine.folder, 'package.zip'), pack(folder).bytes);
      expect(machine.run('/opt/eventferry/vm/install-eventferry')).toMatchObject({ status: 0, stderr: '' });
      // Each release is in use for a month before the next one comes.
      machine.run(`touch --date '1 month ago' ${releases}/*`);
      return machine.run(`cd ${releases} && ls */* | cut --delimiter / --fields 2`).stdout.trim().split('\n').sort();
    };
    try {
      expect(deploy('first')).toEqual(['first.js']);
      expect(deploy('second')).toEqual(['first.js', 'second.js']);
      expect(deploy('third')).toEqual(['second.js', 'third.js']);
      expect(deploy('third')).toEqual(['second.js', 'third.js']);
      expect(machine.run('ls /opt/eventferry/app/').stdout).toBe('third.js\n');
    } finally {
      machine.run(`rm -rf ${releases} /opt/eventferry/app /machine/package.zip`);
    }
  });

  test('A machine writes one line of health that a program can read', () => {
    const ends = new Date(new X509Certificate(vault.get('eventstore-certificate')).validTo).getTime();
    const daysLeft = () => Math.floor((ends / 1000 - Math.floor(Date.now() / 1000)) / 86_400);
    const atMost = daysLeft();
    const { stdout, status } = machine.run('/opt/eventferry/vm/health');
    const atLeast = daysLeft();
    expect(status).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(stdout.length).toBeLessThanOrEqual(150);
    const health = JSON.parse(stdout) as Record<string, unknown>;
    expect(health).toMatchObject({ event: 'eventstore-health', live: true, service: 'active' });
    // A day of the certificate's life may have ended meanwhile.
    expect([atMost, atLeast]).toContain(health['certificateDaysLeft']);
    expect(health['dataDiskUsedPercent']).toBeGreaterThan(0);
    expect(health['memoryUsedPercent']).toBeGreaterThan(0);
    machine.run('systemctl stop kurrentdb');
    const down = JSON.parse(machine.run('/opt/eventferry/vm/health').stdout) as Record<string, unknown>;
    expect(down).toMatchObject({ live: false, service: 'inactive', certificateDaysLeft: null });
    machine.run('/opt/eventferry/vm/start-server');
  });

  test('A machine never formats a disk that holds anything', () => {
    const lun = '/dev/disk/azure/scsi1/lun0';
    machine.run('systemctl stop kurrentdb; umount /data');
    try {
      expect(machine.run('/opt/eventferry/vm/mount-data')).toMatchObject({ status: 0 });
      expect(machine.run('ls /data/kurrentdb/db').stdout).toBe('users.json\n');
      machine.run(`umount /data; dd if=${lun} of=/machine/disk bs=1M count=2 status=none`);
      machine.run(`dd if=/dev/zero of=${lun} bs=1M count=2 conv=notrunc status=none`);
      machine.run(`printf precious | dd of=${lun} bs=1 seek=4096 conv=notrunc status=none`);
      expect(machine.run('/opt/eventferry/vm/mount-data')).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('it is not formatted') as string,
      });
      machine.run(`mkswap ${lun}`);
      expect(machine.run('/opt/eventferry/vm/mount-data')).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('holds swap') as string,
      });
    } finally {
      machine.run(`dd if=/machine/disk of=${lun} bs=1M conv=notrunc status=none; rm /machine/disk`);
      machine.run('/opt/eventferry/vm/mount-data && /opt/eventferry/vm/start-server');
    }
  });
});
