import { spawnSync } from 'node:child_process';
import { bicepCli } from '../../dev/bicep.js';

/**
 * Whether a tool that a test needs is here. Where it is not, the tests that need it are skipped, and it is said why; in
 * CI nothing is skipped.
 *
 * @param missing why it is not there, or undefined when it is
 */
function there(missing: string | undefined): boolean {
  if (missing === undefined) return true;
  if (process.env['CI'] !== undefined) throw new Error(`${missing} (in CI no test is skipped)`);
  process.stderr.write(`SKIPPED: tests of infra/, because ${missing}\n`);
  return false;
}

/** Whether a program can be started. */
export function hasProgram(name: string, ...args: string[]): boolean {
  const { error } = spawnSync(name, args.length === 0 ? ['--version'] : args);
  return there(error === undefined ? undefined : `${name} is not installed`);
}

/** Whether the Bicep CLI is here, or could be had. */
export function hasBicep(): boolean {
  const cli = bicepCli();
  return there('missing' in cli ? cli.missing : undefined);
}

/** Whether a scratch machine can be made: root may, on Linux, with what the scripts use. */
export function hasScratchMachine(): boolean {
  const { status, stderr } = spawnSync(
    'unshare',
    [
      '--mount',
      '--net',
      '--pid',
      '--fork',
      '/bin/sh',
      '-c',
      'mount -t tmpfs tmpfs /mnt && ip link set lo up && losetup --find',
    ],
    { encoding: 'utf8' },
  );
  return there(
    status === 0
      ? undefined
      : `no scratch machine can be made here (${(stderr ?? '').trim() || 'Linux and root are needed'})`,
  );
}
