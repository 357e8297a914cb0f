import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate authority of our own, and a server's certificate that it signed. PEM. */
export interface Certificates {
  readonly ca: string;
  readonly tls: { readonly cert: string; readonly key: string };
}

/** Makes certificates with openssl for a server at `name` (an IP address or a host name). */
export function makeCertificates(name: string): Certificates {
  const directory = mkdtempSync(join(tmpdir(), 'eventferry-'));
  const file = (part: string): string => join(directory, part);
  const text = (part: string): string => readFileSync(file(part), 'utf8');
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { stdio: 'pipe', cwd: directory });
  };
  const key = (out: string): string[] => ['-newkey', 'rsa:2048', '-nodes', '-keyout', out];
  try {
    openssl('req', '-x509', ...key('ca.key'), '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Eventferry test authority');
    openssl('req', ...key('server.key'), '-out', 'server.csr', '-subj', '/CN=eventstore');
    const alternative = /^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`;
    writeFileSync(file('names.cnf'), `subjectAltName=${alternative}`);
    const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names.cnf'];
    openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.pem', ...authority);
    return { ca: text('ca.pem'), tls: { cert: text('server.pem'), key: text('server.key') } };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
