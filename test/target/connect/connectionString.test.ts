import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { Failure } from '../../../src/core/failure.js';
import { parseConnectionString } from '../../../src/target/connect/connectionString.js';
import { certificatePem } from '../../support/services/certificate.js';

function failureFor(text: string): Failure {
  try {
    parseConnectionString(text);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error(`${text} was taken`);
}

describe('A connection string', () => {
  test.each(['esdb', 'kurrentdb', 'kurrent', 'kdb'])(
    'A server connection string may start with %s, for one node or many',
    (scheme) => {
      expect(parseConnectionString(`${scheme}://one:2111`)).toMatchObject({
        seeds: [{ address: 'one', port: 2111 }],
        dnsDiscover: false,
      });
      expect(parseConnectionString(`${scheme}://one,two:2112`).seeds).toEqual([
        { address: 'one', port: 2113 },
        { address: 'two', port: 2112 },
      ]);
    },
  );

  test.each(['esdb', 'kurrentdb', 'kurrent', 'kdb'])(
    'A server connection string may ask for discovery with %s+discover',
    (scheme) => {
      expect(parseConnectionString(`${scheme}+discover://cluster`)).toMatchObject({
        seeds: [{ address: 'cluster', port: 2113 }],
        dnsDiscover: true,
      });
    },
  );

  test('A server connection string carries a user and a password, percent-encoded', () => {
    const { credentials, seeds } = parseConnectionString('esdb://admin:p%40ss%3A%2F%25@host?tls=false');
    expect(credentials).toEqual({ username: 'admin', password: 'p@ss:/%' });
    expect(seeds).toEqual([{ address: 'host', port: 2113 }]);
  });

  test('A server connection string uses TLS unless it says otherwise', () => {
    expect(parseConnectionString('esdb://host').channel).toEqual({});
    expect(parseConnectionString('esdb://host?tls=true').channel).toEqual({});
    expect(parseConnectionString('esdb://host?tls=false').channel).toEqual({ insecure: true });
  });

  test('A server connection string hands its options on, whatever their case', () => {
    const { options } = parseConnectionString(
      'kurrentdb://host/?connectionname=ferry%201&KeepAliveInterval=20000&maxDiscoverAttempts=7&nodePreference=Follower',
    );
    expect(options).toMatchObject({
      connectionName: 'ferry 1',
      keepAliveInterval: 20_000,
      maxDiscoverAttempts: 7,
      nodePreference: 'follower',
    });
  });

  test('A server connection string with options that have no effect is taken, and names them, and prints nothing', () => {
    const warn = vi.spyOn(console, 'warn');
    const { ignored, options } = parseConnectionString(
      'esdb://admin:secret@host?tlsVerifyCert=false&operationTimeout=5&gossipTimeout=3',
    );
    expect(ignored).toEqual(['tlsVerifyCert', 'operationTimeout']);
    expect(options).toMatchObject({ gossipTimeout: 3 });
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  test.each([
    ['http://admin:sesame@host', 'the scheme is one of esdb, kurrentdb, kurrent, kdb'],
    ['admin:sesame@host', 'expected something like esdb://'],
    ['esdb://', 'it names no host'],
    ['esdb://admin:sesame@', 'it names no host'],
    ['esdb://admin:sesame@?tls=false', 'it names no host'],
    ['esdb://sesame@host', 'it must say user:password'],
    ['esdb://admin:@host', 'it must say user:password'],
    ['esdb://admin:%sesame@host', 'not percent-encoded'],
    ['esdb://admin:se?same@host', 'was expected'],
    ['esdb://admin:sesame@host:port', 'port number was expected'],
    ['esdb://admin:sesame@host,other:65536', 'other:65536 has no port that exists: the highest is 65535'],
    ['esdb://admin:sesame@host?tls=maybe', 'true or false was expected'],
    ['esdb://admin:sesame@host?nodePreference=best', 'leader or follower'],
    ['esdb://admin:sesame@host?keepAliveInterval=soon', 'Integer was expected'],
    ['esdb://admin:sesame@host?tlsCAFile=does-not-exist.pem', 'a file that does not exist: does-not-exist.pem'],
    [`esdb://admin:sesame@host?tlsCAFile=${tmpdir()}`, `a file that cannot be read (EISDIR): ${tmpdir()}`],
    ['esdb://admin:sesame@host?userKeyFile=key.pem', 'only together'],
  ])('A server connection string that cannot be used is refused without its password: %s', (text, why) => {
    const failure = failureFor(text);
    expect(failure).toMatchObject({ kind: 'SettingsInvalid', policy: 'usage' });
    expect(failure.message).toContain(why);
    expect(failure.message).toContain('EVENTSTORE_CONNECTION_STRING');
    expect(inspect(failure, { depth: 9 }).replace(failure.stack ?? '', failure.message)).not.toMatch(/ses?\??ame/);
  });

  test('A server connection string whose password holds an @ that is not encoded is still understood', () => {
    expect(parseConnectionString('esdb://admin:se@same@host')).toMatchObject({
      seeds: [{ address: 'host', port: 2113 }],
      credentials: { password: 'se@same' },
    });
  });
});

describe('The certificate authority to trust', () => {
  test('The certificate authority to trust may be a file that the connection string names, and the setting wins over it', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'eventferry-')), 'ca.pem');
    writeFileSync(file, 'from the file');
    const text = `esdb://host?tlsCAFile=${encodeURIComponent(file)}`;
    expect(parseConnectionString(text).channel.rootCertificate?.toString()).toBe('from the file');
    expect(parseConnectionString(text, certificatePem).channel.rootCertificate?.toString()).toBe(certificatePem);
  });
});
