import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeAuthority, makeNodeCertificate } from '../../../infra/tools/vault/certificates.js';
import { eventually } from '../../support/waits.js';

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The time limit for a line of bash: tens of times what the slowest one needs on an idle computer. */
const limitMs = 240_000;

const enter = fileURLToPath(new URL('enter', import.meta.url));

/**
 * A machine that runs the scripts of infra/vm unchanged. It has its own namespaces over a copy-on-write view of this
 * system, a network that reaches nothing else, a block device in a file, and stand-ins for what the scripts talk to.
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

  /** Starts a machine with an empty disk of 64 MB. */
  static async start(): Promise<ScratchMachine> {
    const machine = new ScratchMachine(64 * 1024 * 1024);
    try {
      await machine.comeUp();
    } catch (error) {
      await machine.stop();
      throw error;
    }
    return machine;
  }

  private async comeUp(): Promise<void> {
    await this.appears('ready');
    const { pid } = this.process;
    this.pid = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0]);
    this.setSecrets({});
    this.run('setsid "$(cat /machine/node)" /opt/cloud.mjs >/machine/cloud.log 2>&1 </dev/null &');
    await this.appears('cloud-ready');
  }

  /** Runs a line of bash as root on the machine. */
  run(line: string): Ran {
    const { status, stdout, stderr, error } = spawnSync(
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
        timeout: limitMs,
        env: {
          PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          RETRY_SECONDS: '0',
        },
      },
    );
    if (error) throw new Error(`Waited ${limitMs / 1000} s for ${line}: ${error.message}\n${stdout}${stderr}`);
    return { status, stdout, stderr };
  }

  /** Runs a script in the way that Azure's run command does. */
  runScript(script: string): Ran {
    writeFileSync(join(this.folder, 'script'), script);
    return this.run('bash /machine/script');
  }

  /** Sets what the vault holds: all versions of each secret, the newest last. */
  setSecrets(secrets: Readonly<Record<string, readonly string[]>>, { refuse = 0 } = {}): void {
    writeFileSync(join(this.folder, 'cloud.json'), JSON.stringify({ secrets, refuse }));
  }

  /** The calls of the stand-ins since the last call of this method. */
  takeRecord(): string[] {
    const file = join(this.folder, 'record');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    writeFileSync(file, '');
    return lines;
  }

  /** Mode, owner and content of every file below some folders, to prove that a second run changes nothing. */
  files(): string {
    const { stdout } = this.run(
      'find /opt/eventferry /etc/kurrentdb /etc/eventferry /etc/fstab /etc/systemd/system /data /usr/local/bin /var/lib/eventferry -xdev \\( -type f -o -type l \\) -printf "%p %m %u %l %T@ " -exec sh -c \'[ -f "$1" ] && sha256sum <"$1" || echo\' _ {} \\; | sort',
    );
    return stdout;
  }

  /** Ends every process of the machine, waits until they are gone, and removes the machine's files. */
  async stop(): Promise<void> {
    const { process: entered, pid } = this;
    if (entered.exitCode === null && entered.signalCode === null) {
      const gone = once(entered, 'exit');
      entered.kill('SIGKILL'); // ends its child, the machine's first process, and with that all others
      await gone;
      await eventually('the processes of the machine to end', () => {
        if (pid > 0 && isRunning(pid)) throw new Error(`process ${pid} is still there`);
      });
    }
    spawnSync('losetup', ['--detach', this.disk]);
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.image, { force: true });
  }

  private async appears(name: string): Promise<void> {
    await eventually(`the machine to come up as far as ${name}`, () => {
      if (!existsSync(join(this.folder, name))) throw new Error('it is not there');
    });
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

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
