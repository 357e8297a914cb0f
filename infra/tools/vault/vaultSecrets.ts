import { X509Certificate, randomInt } from 'node:crypto';
import { makeAuthority, makeNodeCertificate } from './certificates.js';

/** The server's name in the private DNS zone. main.bicep has the same name: change both. */
export const serverHost = 'eventstore.eventferry.internal';

/** A certificate that ends within so many days is renewed. */
const renewDays = 60;

/** Where secrets are kept. */
export interface Vault {
  names(): ReadonlySet<string>;
  get(name: string): string;
  set(name: string, value: string): void;
}

export type User = 'admin' | 'ops' | 'eventferry';

const passwordOf: Readonly<Record<User, string>> = {
  admin: 'eventstore-admin-password',
  ops: 'eventstore-ops-password',
  eventferry: 'eventferry-password',
};

/**
 * Makes each secret that is missing. It overwrites no secret, except a server certificate that ends soon.
 *
 * @param given secrets that only a person can give, by name; these always overwrite what the vault has
 * @returns the names of the secrets that were set
 */
export function makeSecrets(
  vault: Vault,
  { renew = false, given = {} }: { readonly renew?: boolean; readonly given?: Readonly<Record<string, string>> } = {},
): string[] {
  const there = vault.names();
  const made: string[] = [];
  const set = (name: string, value: string) => {
    vault.set(name, value);
    made.push(name);
  };
  for (const name of Object.values(passwordOf)) if (!there.has(name)) set(name, newPassword());
  if (!there.has('eventstore-connection-string')) {
    set('eventstore-connection-string', connectionString(vault.get(passwordOf.eventferry)));
  }
  if (!there.has('eventstore-ca') || !there.has('eventstore-ca-key')) {
    if (there.has('eventstore-ca') !== there.has('eventstore-ca-key')) {
      throw new Error(
        'The vault has only one half of the authority (eventstore-ca, eventstore-ca-key): restore the other.',
      );
    }
    const { certificate, key } = makeAuthority();
    set('eventstore-ca-key', key);
    set('eventstore-ca', certificate);
  }
  if (renew || !there.has('eventstore-certificate-key') || endsSoon(vault, there)) {
    const authority = { certificate: vault.get('eventstore-ca'), key: vault.get('eventstore-ca-key') };
    const { certificate, key } = makeNodeCertificate(authority, serverHost);
    set('eventstore-certificate-key', key);
    set('eventstore-certificate', certificate);
  }
  for (const [name, value] of Object.entries(given)) set(name, value);
  return made;
}

/** Writes a new password of a user into the vault. The server gets it when set-users runs on its machine. */
export function rotatePassword(vault: Vault, user: User): string[] {
  const password = newPassword();
  vault.set(passwordOf[user], password);
  if (user !== 'eventferry') return [passwordOf[user]];
  vault.set('eventstore-connection-string', connectionString(password));
  return [passwordOf[user], 'eventstore-connection-string'];
}

function endsSoon(vault: Vault, there: ReadonlySet<string>): boolean {
  if (!there.has('eventstore-certificate')) return true;
  const { validTo } = new X509Certificate(vault.get('eventstore-certificate'));
  return new Date(validTo).getTime() - Date.now() < renewDays * 86_400_000;
}

function connectionString(password: string): string {
  return `esdb://eventferry:${password}@${serverHost}:2113?tls=true`;
}

/** 32 letters and digits: none of them needs escaping in a URL, in JSON or in a shell. */
function newPassword(): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return Array.from({ length: 32 }, () => letters[randomInt(letters.length)]).join('');
}
