import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeAuthority, makeNodeCertificate, type Certificate } from '../../../infra/tools/vault/certificates.js';
import { root } from '../../../infra/tools/azure/environment.js';
import { bundle } from '../../../infra/tools/app/bundle.js';
import { serverHost } from '../../../infra/tools/vault/vaultSecrets.js';
import { eventferryProcess as eventferry, password } from '../../cli/commandLine.js';
import { embeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../../support/ferry.js';
import { hasProgram } from '../tool.js';

const chunk = '00000001-2013-10-15-093000.dat';

describe.skipIf(!hasProgram('openssl', 'version'))('The certificates of a deployment', () => {
  let authority: Certificate;
  let node: Certificate;
  let folder: string;
  beforeAll(() => {
    authority = makeAuthority();
    node = makeNodeCertificate(authority, serverHost);
    folder = mkdtempSync(join(tmpdir(), 'certificates-'));
    writeFileSync(join(folder, 'ca.crt'), authority.certificate);
    writeFileSync(join(folder, 'node.crt'), node.certificate);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, encoding: 'utf8' });
  const server = (certificate: Certificate) =>
    embeddedServer({
      tls: { cert: certificate.certificate, key: certificate.key },
      user: { name: 'eventferry', password },
    });

  /** The settings with which the function app and the machine reach the server; only the port differs. */
  const connection = (port: number, user = 'eventferry', secret = password, host = 'localhost') => ({
    EVENTSTORE_CONNECTION_STRING: `esdb://${user}:${secret}@${host}:${port}?tls=true`,
    EVENTSTORE_TLS_CA: Buffer.from(authority.certificate).toString('base64'),
  });

  test('The certificates of a deployment are verified by openssl for both uses, for the name that is dialled and for the machine itself', () => {
    for (const use of ['sslserver', 'sslclient']) {
      expect(openssl('verify', '-x509_strict', '-purpose', use, '-CAfile', 'ca.crt', 'node.crt')).toBe(
        'node.crt: OK\n',
      );
    }
    for (const name of [serverHost, 'localhost']) {
      expect(openssl('verify', '-verify_hostname', name, '-CAfile', 'ca.crt', 'node.crt')).toBe('node.crt: OK\n');
    }
    expect(openssl('verify', '-verify_ip', '127.0.0.1', '-CAfile', 'ca.crt', 'node.crt')).toBe('node.crt: OK\n');
    const shown = openssl('x509', '-in', 'node.crt', '-noout', '-subject', '-ext', 'keyUsage,extendedKeyUsage');
    expect(shown).toMatch(/CN ?= ?eventstoredb-node/);
    expect(shown).toContain('Digital Signature, Key Encipherment');
    expect(shown).toContain('TLS Web Server Authentication, TLS Web Client Authentication');
  });

  test('The certificates of a deployment let the command line replicate over TLS, with the authority as PEM or as base64', async () => {
    const served = await server(node);
    const { port } = served;
    const ferry = await Ferry.open(served);
    await ferry.write(chunk, numbered(1, 5));
    const settings = { ...ferry.environment(), ...connection(port) };
    expect(await eventferry(['run'], settings)).toMatchObject({ code: 0 });
    await ferry.write(chunk, numbered(1, 7));
    expect(await eventferry(['run'], { ...settings, EVENTSTORE_TLS_CA: authority.certificate })).toMatchObject({
      code: 0,
    });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 7));
  });

  test('The certificates of a deployment that have ended, or are of another name or authority, are told apart from each other and from a wrong password', async () => {
    const good = await server(node);
    const misnamed = await server(elsewhere());
    const ended = await server(makeNodeCertificate(authority, serverHost, -1));
    const ferry = await Ferry.open(good);
    await ferry.write(chunk, numbered(1, 2));
    const says = async (settings: Readonly<Record<string, string>>) => {
      const { code, stderr, stdout } = await eventferry(['run'], { ...ferry.environment(), ...settings });
      expect(code).toBe(1);
      return stderr + stdout;
    };
    const [user, name, date, stranger] = await Promise.all([
      says(connection(good.port, 'eventferry', 'wrong')),
      says(connection(misnamed.port)),
      says(connection(ended.port)),
      says({ ...connection(good.port), EVENTSTORE_TLS_CA: makeAuthority().certificate }),
    ]);
    expect(user).toContain('TargetAccessDenied');
    for (const said of [name, date, stranger]) expect(said).toContain('TargetTlsRefused');
    expect(name).toMatch(/name|altname/i);
    expect(date).toMatch(/expired/);
    expect(new Set([user, name, date, stranger].map((said) => said.replace(/:\d+/g, ''))).size).toBe(4);
    expect(ferry.events()).toEqual([]);
  });

  /** Makes a certificate that the authority has signed, but for a name that no client here dials. */
  function elsewhere(): Certificate {
    const at = mkdtempSync(join(folder, 'elsewhere-'));
    writeFileSync(join(at, 'ca.crt'), authority.certificate);
    writeFileSync(join(at, 'ca.key'), authority.key);
    writeFileSync(join(at, 'ext'), 'subjectAltName=DNS:elsewhere.example\nextendedKeyUsage=serverAuth\n');
    const run = (...args: string[]) => execFileSync('openssl', args, { cwd: at, stdio: 'pipe' });
    run('req', '-new', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=x', '-keyout', 'n.key', '-out', 'n.csr');
    run(
      ...['x509', '-req', '-in', 'n.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '9'],
      ...['-extfile', 'ext', '-out', 'n.crt'],
    );
    const read = (name: string) => execFileSync('cat', [join(at, name)], { encoding: 'utf8' });
    return { certificate: read('n.crt'), key: read('n.key') };
  }

  test('The machine protects the target stream once it has an event, and not before', async () => {
    const served = await embeddedServer({
      tls: { cert: node.certificate, key: node.key },
      user: { name: 'admin', password },
    });
    const app = join(folder, 'app');
    await bundle(root, app);
    const protect = async () => {
      const child = spawn(process.execPath, [join(root, 'infra/vm/protect-stream.mjs'), app], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          PATH: process.env['PATH'],
          SOURCE_CONTAINER: 'tapes',
          EVENTSTORE_CONNECTION_STRING: `esdb://admin:${password}@localhost:${served.port}`,
          EVENTSTORE_TLS_CA: authority.certificate,
        },
      });
      const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
      return { code: child.exitCode, said };
    };
    expect(await protect()).toEqual({ code: 0, said: 'protect-stream: tapes has no event yet.\n' });
    expect(served.streams()).toEqual([]);

    const ferry = await Ferry.open(served, { TARGET_STREAM: 'tapes' });
    await ferry.write(chunk, numbered(1, 2));
    const settings = { ...ferry.environment(), ...connection(served.port, 'admin'), TARGET_STREAM: 'tapes' };
    expect(await eventferry(['run'], settings)).toMatchObject({ code: 0 });
    expect((await protect()).said).toContain('only eventferry and administrators may write tapes');
    expect(await protect()).toEqual({ code: 0, said: 'protect-stream: tapes is protected.\n' });
    const [metadata, ...others] = served.events('$$tapes');
    expect(others).toEqual([]);
    expect(JSON.parse(metadata?.data.toString() ?? '')).toEqual({
      $acl: {
        $r: ['$all'],
        $w: ['eventferry', '$admins'],
        $d: ['$admins'],
        $mr: ['$all'],
        $mw: ['$admins'],
      },
    });
    await ferry.write(chunk, numbered(1, 4));
    expect(await eventferry(['run'], settings)).toMatchObject({ code: 0 });
    expect(served.events('tapes')).toHaveLength(4);
  });
});
