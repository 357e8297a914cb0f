import { describe, expect, test } from 'vitest';

import { loadConfig, loadSourceConfig } from '../../src/config/config.js';
import type { Environment } from '../../src/config/config.js';
import { settings } from '../../src/config/settings.js';
import { certificatePem } from '../support/services/certificate.js';
import { minimal } from './minimalSettings.js';

function configWith(changes: Environment) {
  return loadConfig({ ...minimal, ...changes }).config;
}

describe('Settings that are left out', () => {
  test('Settings that are left out have their defaults', () => {
    const { config } = loadConfig(minimal);
    expect(config).toEqual({
      source: {
        storage: { kind: 'connectionString', value: 'UseDevelopmentStorage=true' },
        container: 'tapes',
        id: 'tapes',
        onDamage: 'stop',
        readRecords: 10_000,
        settleSeconds: 60,
        listAllSeconds: 300,
      },
      convert: {
        sourceId: 'tapes',
        excludeKeys: ['audit'],
        bodyMode: 'auto',
        typeMap: {},
        stripNamespaces: [],
        settings: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
        settingsByName: {
          SOURCE_ID: 'tapes',
          EXCLUDE_KEYS: 'audit',
          BODY_MODE: 'auto',
          TYPE_MAP: '',
          STRIP_NAMESPACES: '',
        },
      },
      target: {
        connectionString: 'esdb://127.0.0.1:2113?tls=false',
        stream: 'tapes',
        isNamedByTheSource: true,
        appendBytes: 1_048_576,
      },
      checkpoint: { storage: { kind: 'connectionString', value: 'UseDevelopmentStorage=true' }, table: 'eventferry' },
      quarantine: {
        onUnconvertible: 'stop',
        container: 'eventferry-quarantine',
        storage: { kind: 'connectionString', value: 'UseDevelopmentStorage=true' },
      },
      run: {
        seconds: 60,
        whenCaughtUp: 'wait',
        idlePollMs: 500,
        emptySourceWaitSeconds: 30,
        outageWaitSeconds: 60,
        schedule: '0 * * * * *',
      },
      telemetry: { serviceName: 'eventferry' },
      notify: {},
    });
  });

  test('Settings that are empty have their defaults', () => {
    expect(configWith({ RUN_SECONDS: '', SOURCE_ID: '  ' })).toEqual(loadConfig(minimal).config);
  });

  test('No key is excluded when the list of keys is empty', () => {
    expect(configWith({ EXCLUDE_KEYS: '' }).convert.excludeKeys).toEqual([]);
  });
});

describe('The place for messages that cannot become events', () => {
  const identity = { AzureWebJobsStorage: undefined, SOURCE_STORAGE: 'UseDevelopmentStorage=true' };

  test('The quarantine container is never the source itself', () => {
    expect(() => configWith({ QUARANTINE_CONTAINER: 'tapes' })).toThrow(
      /QUARANTINE_CONTAINER is "tapes"; .* not the source/,
    );
  });

  test('Messages in quarantine are kept in the account of the checkpoint, which must offer blobs once it is asked to keep any', () => {
    const tablesOnly = { ...identity, CHECKPOINT_STORAGE__tableServiceUri: 'https://a.table.core.windows.net' };
    expect(configWith(tablesOnly).quarantine.storage).toBeUndefined();
    expect(() => configWith({ ...tablesOnly, ON_UNCONVERTIBLE: 'quarantine' })).toThrow(
      /QUARANTINE_CONTAINER .* blob service/,
    );
    const elsewhere = { CHECKPOINT_STORAGE: 'https://a.example/?sig=x' };
    for (const connection of [{ CHECKPOINT_STORAGE__serviceUri: 'https://a.table.core.windows.net' }, elsewhere]) {
      expect(configWith({ ...identity, ...connection }).quarantine.storage).toBeUndefined();
      expect(() => configWith({ ...identity, ...connection, ON_UNCONVERTIBLE: 'quarantine' })).toThrow(
        /QUARANTINE_CONTAINER .* blob service/,
      );
    }
    const both = { ...identity, CHECKPOINT_STORAGE__accountName: 'account', ON_UNCONVERTIBLE: 'quarantine' };
    expect(configWith(both).quarantine).toMatchObject({ storage: { kind: 'identity', accountName: 'account' } });
  });
});

describe('Settings that are given', () => {
  test('Settings are taken without the blanks around them', () => {
    const config = configWith({
      SOURCE_ID: ' billing ',
      EXCLUDE_KEYS: 'audit, func',
      TYPE_MAP: 'Shop/Order=OrderPlaced, a=b=Both',
      STRIP_NAMESPACES: 'Shop.Contracts',
      RUN_SECONDS: '240',
      ON_DAMAGE: 'salvage',
    });
    expect(config.source).toMatchObject({ id: 'billing', onDamage: 'salvage' });
    expect(config.target.stream).toBe('billing');
    expect(config.run.seconds).toBe(240);
    expect(config.convert).toMatchObject({
      excludeKeys: ['audit', 'func'],
      typeMap: { 'Shop/Order': 'OrderPlaced', 'a=b': 'Both' },
      stripNamespaces: ['Shop.Contracts'],
    });
  });

  test.each([
    { SOURCE_ID: 'other' },
    { EXCLUDE_KEYS: 'audit,func' },
    { BODY_MODE: 'raw' },
    { TYPE_MAP: 'a=b' },
    { STRIP_NAMESPACES: 'a' },
  ])('Settings that decide what is written change the digest: %o', (changes) => {
    expect(configWith(changes).convert.settings).not.toBe(loadConfig(minimal).config.convert.settings);
  });

  test('The digest of the settings stays the same from version to version', () => {
    const changes = {
      SOURCE_ID: 'billing',
      EXCLUDE_KEYS: 'audit,func',
      TYPE_MAP: 'Old=New,A=B',
      STRIP_NAMESPACES: 'a',
    };
    expect(configWith(changes).convert.settings).toBe('70463d25');
  });

  test('The digest of the settings does not depend on blanks', () => {
    const digestOf = (changes: Record<string, string>) => configWith(changes).convert.settings;
    expect(digestOf({ TYPE_MAP: 'A = B , C=D' })).toBe(digestOf({ TYPE_MAP: 'A=B,C=D' }));
    expect(digestOf({ EXCLUDE_KEYS: 'a, b' })).toBe(digestOf({ EXCLUDE_KEYS: 'a,b' }));
  });

  test('Settings are in the digest exactly when their description says so', () => {
    const described = Object.entries(settings).filter(([, { inDigest }]) => inDigest);
    const digested = Object.keys(loadConfig(minimal).config.convert.settingsByName);
    expect(described.map(([name]) => name).sort()).toEqual(digested.sort());
  });

  test.each(['esdb', 'esdb+discover', 'kurrentdb', 'kurrentdb+discover', 'kurrent', 'kdb', 'kdb+discover'])(
    'The connection string of the server may begin with %s://',
    (scheme) => {
      const url = `${scheme}://admin:p%40ss@one.example:2113,two.example:2114?tls=true&nodePreference=leader`;
      expect(configWith({ EVENTSTORE_CONNECTION_STRING: url }).target.connectionString).toBe(url);
    },
  );

  test('A certificate authority is taken as PEM, on one line, as base64, or several of them', () => {
    const pem = certificatePem;
    for (const given of [pem, pem.replaceAll('\n', '\\n'), Buffer.from(pem).toString('base64')]) {
      expect(configWith({ EVENTSTORE_TLS_CA: given }).target.tlsCa?.trim()).toBe(pem.trim());
    }
    expect(configWith({ EVENTSTORE_TLS_CA: pem + pem }).target.tlsCa).toBe((pem + pem).trim());
  });

  test('Source and checkpoint may have accounts of their own', () => {
    const config = configWith({ SOURCE_STORAGE__accountName: 'ledger', CHECKPOINT_STORAGE__accountName: 'ferry' });
    expect(config.source.storage).toEqual({ kind: 'identity', accountName: 'ledger' });
    expect(config.checkpoint.storage).toEqual({ kind: 'identity', accountName: 'ferry' });
  });

  test('Source and checkpoint may share the connection of the host, whatever its form', () => {
    const { SOURCE_CONTAINER, EVENTSTORE_CONNECTION_STRING } = minimal;
    const env = { SOURCE_CONTAINER, EVENTSTORE_CONNECTION_STRING, AzureWebJobsStorage__accountName: 'ferry' };
    expect(loadConfig(env).config.checkpoint.storage).toEqual({ kind: 'identity', accountName: 'ferry' });
  });
});

describe('The settings of the source alone', () => {
  test('The settings of the source alone need no server and no checkpoint, and have the values that they have among all settings', () => {
    const env = { ...minimal, EVENTSTORE_CONNECTION_STRING: undefined, ON_DAMAGE: 'skip', RUN_SECONDS: 'whatever' };
    expect(loadSourceConfig(env)).toEqual(configWith({ ON_DAMAGE: 'skip' }).source);
  });

  test('The settings of the source alone are checked like all settings', () => {
    expect(() => loadSourceConfig({ AzureWebJobsStorage: 'nonsense', READ_RECORDS: '0' })).toThrow(
      /^3 settings are missing or wrong: SOURCE_CONTAINER .* READ_RECORDS .* AzureWebJobsStorage /,
    );
  });
});
