import { spawnSync } from 'node:child_process';
import { bicepCli } from '../../dev/bicep.js';

/**
 * Whether a tool that tests need is installed. When it is not, this prints why the tests are skipped.
 *
 * @param missing why the tool is missing; undefined when it is installed
 * @throws Error in CI when the tool is missing: no test is skipped there
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

/** Whether the Bicep CLI is installed or can be installed. */
export function hasBicep(): boolean {
  const cli = bicepCli();
  return there('missing' in cli ? cli.missing : undefined);
}

/** Whether a scratch machine can be made here: that needs Linux, root, and the programs that the scripts use. */
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
