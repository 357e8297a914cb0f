import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate and its key, PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** The name that KurrentDB expects of a node (its setting CertificateReservedNodeCommonName). */
const nodeName = 'eventstoredb-node';

/** Makes our own certificate authority, valid for ten years. */
export function makeAuthority(): Certificate {
  return inFolder((folder) => {
    const extensions = [
      ...['-addext', 'basicConstraints=critical,CA:TRUE,pathlen:0'],
      ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    ];
    openssl(
      folder,
      ...['req', '-x509', '-newkey', 'rsa:3072', '-sha256', '-nodes', '-days', '3650'],
      ...['-subj', '/O=Eventferry/CN=Eventferry certificate authority', ...extensions],
      ...['-keyout', 'ca.key', '-out', 'ca.crt'],
    );
    return { certificate: read(folder, 'ca.crt'), key: read(folder, 'ca.key') };
  });
}

/**
 * Makes a certificate for the server, signed by the authority. Like es-gencert-cli's `create-node`, it has the extended
 * key usages of a server and of a client, because a KurrentDB node also dials.
 *
 * @param host the name that clients dial; `localhost` and 127.0.0.1 are in it too, for the machine itself
 * @param days how long it is valid; a negative number makes an expired one
 */
export function makeNodeCertificate(authority: Certificate, host: string, days = 730): Certificate {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'ca.crt'), authority.certificate);
    writeFileSync(join(folder, 'ca.key'), authority.key, { mode: 0o600 });
    const extensions = [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature,keyEncipherment',
      'extendedKeyUsage=serverAuth,clientAuth',
      'subjectKeyIdentifier=hash',
      'authorityKeyIdentifier=keyid',
      `subjectAltName=DNS:${host},DNS:localhost,IP:127.0.0.1`,
    ];
    writeFileSync(join(folder, 'node.ext'), extensions.join('\n'));
    openssl(
      folder,
      ...['req', '-new', '-newkey', 'rsa:2048', '-sha256', '-nodes', '-subj', `/CN=${nodeName}`],
      ...['-keyout', 'node.key', '-out', 'node.csr'],
    );
    openssl(
      folder,
      ...['x509', '-req', '-in', 'node.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-sha256', '-days', String(days), '-extfile', 'node.ext', '-out', 'node.crt'],
    );
    return { certificate: read(folder, 'node.crt'), key: read(folder, 'node.key') };
  });
}

/** Calls `work` with a new folder for keys: only this user may read it, and it is removed afterwards. */
export function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'eventferry-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function openssl(cwd: string, ...args: string[]): void {
  execFileSync('openssl', args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
}

function read(folder: string, name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}
