import type { Vault } from '../../../infra/tools/vault/vaultSecrets.js';

/** A vault that keeps every version. */
export class MemoryVault implements Vault {
  readonly versions: Record<string, string[]> = {};

  names(): ReadonlySet<string> {
    return new Set(Object.keys(this.versions));
  }

  get(name: string): string {
    const value = this.versions[name]?.at(-1);
    if (value === undefined) throw new Error(`there is no secret ${name}`);
    return value;
  }

  set(name: string, value: string): void {
    (this.versions[name] ??= []).push(value);
  }
}
