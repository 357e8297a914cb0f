import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AzFailure, az, azJson, azText } from '../azure/az.js';
import { inFolder } from './certificates.js';
import type { Vault } from './vaultSecrets.js';

/** How often listing secrets is tried while a role that was just assigned has no effect yet. */
const tries = 40;
const waitMs = 15_000;

/** A Key Vault, through the Azure CLI. Values travel in files that only this user may read, never on a command line. */
export function keyVault(name: string): Vault {
  return {
    names: () => new Set(listed(name)),
    get: (secret) =>
      azJson<string>(...['keyvault', 'secret', 'show', '--vault-name', name, '--name', secret, '--query', 'value']),
    set: (secret, value) =>
      inFolder((folder) => {
        const file = join(folder, 'value');
        writeFileSync(file, value, { mode: 0o600 });
        az(
          ...['keyvault', 'secret', 'set', '--vault-name', name, '--name', secret],
          ...['--file', file, '--encoding', 'utf-8', '--output', 'none'],
        );
      }),
  };
}

function listed(name: string): string[] {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return azText('keyvault', 'secret', 'list', '--vault-name', name, '--query', '[].name', '--output', 'tsv')
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '');
    } catch (error) {
      if (!(error instanceof AzFailure) || !error.message.includes('Forbidden') || attempt === tries) throw error;
      process.stderr.write('The right to write secrets was just given; waiting until it takes effect.\n');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
    }
  }
}
