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

/** A certificate authority of our own, for ten years. */
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
 * A certificate for the server, signed by the authority: like es-gencert-cli's `create-node`, with both extended key
 * usages, because a KurrentDB node also dials.
 *
 * @param host the name that clients dial; `localhost` and 127.0.0.1 are in it too, for the machine itself
 * @param days how long it is good for; a negative number makes one that has ended
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

/** A folder that only we may look into and that is gone afterwards: keys were in it. */
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
