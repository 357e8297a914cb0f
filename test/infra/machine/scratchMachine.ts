import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { makeAuthority, makeNodeCertificate } from '../../../infra/tools/certificates.js';

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const enter = fileURLToPath(new URL('enter', import.meta.url));

/**
 * A machine to run the scripts of infra/vm on, unchanged: namespaces of its own over a copy-on-write view of this
 * system, a network that ends at itself, a real disk in a file, and stand-ins for what the scripts talk to.
 */
export class ScratchMachine {
  readonly folder = mkdtempSync(join(tmpdir(), 'machine-'));
  private readonly image = `${this.folder}.disk`;
  readonly disk: string;
  private readonly process: ChildProcess;
  private pid = 0;

  private constructor(diskBytes: number) {
    writeFileSync(this.image, '');
    execFileSync('truncate', ['--size', String(diskBytes), this.image]);
    this.disk = execFileSync('losetup', ['--find', '--show', this.image], { encoding: 'utf8' }).trim();
    this.offerDownloads();
    this.process = spawn(
      'unshare',
      ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', 'bash', enter, this.folder, this.disk],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
  }

  /** With a disk of 64 MB that holds nothing. */
  static async start(): Promise<ScratchMachine> {
    const machine = new ScratchMachine(64 * 1024 * 1024);
    await machine.appears('ready');
    const [child] = readFileSync(`/proc/${machine.process.pid}/task/${machine.process.pid}/children`, 'utf8').split(
      ' ',
    );
    machine.pid = Number(child);
    machine.setSecrets({});
    machine.run('setsid "$(cat /machine/node)" /opt/cloud.mjs >/machine/cloud.log 2>&1 </dev/null &');
    await machine.appears('cloud-ready');
    return machine;
  }

  /** Runs a line of bash as root on the machine. */
  run(line: string): Ran {
    const { status, stdout, stderr } = spawnSync(
      'nsenter',
      [
        '--target',
        String(this.pid),
        '--mount',
        '--net',
        '--pid',
        '--root',
        '--wdns=/',
        '/bin/bash',
        '--norc',
        '-c',
        line,
      ],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 120_000,
        env: {
          PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          RETRY_SECONDS: '0',
        },
      },
    );
    return { status, stdout, stderr };
  }

  /** Runs a script as the run command does. */
  runScript(script: string): Ran {
    writeFileSync(join(this.folder, 'script'), script);
    return this.run('bash /machine/script');
  }

  /** What the vault holds: every version of a secret, the newest last. */
  setSecrets(secrets: Readonly<Record<string, readonly string[]>>, { refuse = 0 } = {}): void {
    writeFileSync(join(this.folder, 'cloud.json'), JSON.stringify({ secrets, refuse }));
  }

  /** What the stand-ins were asked since the last time. */
  takeRecord(): string[] {
    const file = join(this.folder, 'record');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    writeFileSync(file, '');
    return lines;
  }

  /** Every file below some folders: its mode, owner and content, so that a second run can be seen to change nothing. */
  files(): string {
    const { stdout } = this.run(
      'find /opt/eventferry /etc/kurrentdb /etc/eventferry /etc/fstab /etc/systemd/system /data /usr/local/bin /var/lib/eventferry -xdev \\( -type f -o -type l \\) -printf "%p %m %u %l %T@ " -exec sh -c \'[ -f "$1" ] && sha256sum <"$1" || echo\' _ {} \\; | sort',
    );
    return stdout;
  }

  stop(): void {
    this.process.kill('SIGKILL');
    spawnSync('losetup', ['--detach', this.disk]);
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.image, { force: true });
  }

  private async appears(name: string): Promise<void> {
    await vi.waitFor(() => {
      if (!existsSync(join(this.folder, name))) throw new Error(`the machine does not come up: no ${name}`);
    }, 20_000);
  }

  private offerDownloads(): void {
    const put = (name: string, content: string | Buffer) => writeFileSync(join(this.folder, name), content);
    const authority = makeAuthority();
    const names = ['nodejs.org', 'packages.kurrent.io', '*.vault.azure.net', '*.blob.core.windows.net'];
    const { certificate, key } = makeNodeCertificate(authority, names.join(',DNS:'));
    put('cloud.crt', certificate + authority.certificate);
    put('cloud.key', key);
    put('node', process.execPath);
    const node = join(this.folder, 'node-v24.99.0-linux-x64/bin');
    mkdirSync(node, { recursive: true });
    const script = `#!/bin/sh\n[ "$1" = --version ] && exec echo v24.99.0\nexec ${process.execPath} "$@"\n`;
    writeFileSync(join(node, 'node'), script, { mode: 0o755 });
    execFileSync('tar', ['--create', '--gzip', '--file', 'node-v24.99.0-linux-x64.tar.gz', 'node-v24.99.0-linux-x64'], {
      cwd: this.folder,
    });
    const sum = createHash('sha256')
      .update(readFileSync(join(this.folder, 'node-v24.99.0-linux-x64.tar.gz')))
      .digest('hex');
    put(
      'SHASUMS256.txt',
      `${'0'.repeat(64)}  node-v24.99.0-linux-ppc64le.tar.gz\n${sum}  node-v24.99.0-linux-x64.tar.gz\n`,
    );
  }
}
