import { TableServiceClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';

import { readStorageConnection } from '../../src/config/storageSettings.js';

const key = 'c2VjcmV0c2VjcmV0';

function blobConnection(settings: Record<string, string>) {
  return readStorageConnection(settings, 'SOURCE', 'blob', 'tapes');
}

function connectionString(value: string): string {
  const reading = blobConnection({ SOURCE: value });
  if (!('connection' in reading) || reading.connection.kind !== 'connectionString') throw new Error('not accepted');
  return reading.connection.value;
}

describe('A connection string', () => {
  test.each([
    `DefaultEndpointsProtocol=https;AccountName=ledger;AccountKey=${key};EndpointSuffix=core.windows.net`,
    `DefaultEndpointsProtocol=https;AccountName=ledger;AccountKey=${key}`,
    `AccountName=ledger;AccountKey=${key};`,
  ])('A storage connection string may leave out what both libraries insist on: %s', (value) => {
    const url = 'https://ledger.blob.core.windows.net/';
    expect(BlobServiceClient.fromConnectionString(connectionString(value)).url).toBe(url);
    expect(TableServiceClient.fromConnectionString(connectionString(value)).url).toMatch(/ledger\.table\.core/);
  });

  test('A storage connection string may name another cloud', () => {
    const value = `AccountName=ledger;AccountKey=${key};EndpointSuffix=core.chinacloudapi.cn`;
    expect(BlobServiceClient.fromConnectionString(connectionString(value)).url).toMatch(/core\.chinacloudapi\.cn/);
  });

  test('A storage connection string may hold a SAS and the endpoint', () => {
    const value = 'BlobEndpoint=https://ledger.blob.core.windows.net/;SharedAccessSignature=sv=1&sig=abc';
    expect(connectionString(value)).toBe(value);
  });

  test.each(['UseDevelopmentStorage=true', 'usedevelopmentstorage=TRUE;'])(
    'A storage connection string may be that of the emulator: %s',
    (value) => {
      expect(connectionString(value)).toBe('UseDevelopmentStorage=true');
    },
  );

  test.each([
    'tapes',
    'AccountName=ledger',
    `AccountKey=${key}`,
    'AccountName=ledger;AccountKey=',
    'SharedAccessSignature=sv=1&sig=abc',
    'TableEndpoint=https://ledger.table.core.windows.net/;SharedAccessSignature=sv=1&sig=abc',
  ])('A storage connection string that is none is refused without being repeated: %s', (value) => {
    const reading = blobConnection({ SOURCE: value });
    expect(reading).toEqual({ problems: [{ name: 'SOURCE', expected: expect.any(String) as string }] });
    expect(JSON.stringify(reading)).not.toContain(value);
  });
});

describe('A URL with a SAS', () => {
  test.each([
    'https://ledger.blob.core.windows.net/?sv=1&sig=abc',
    'https://ledger.blob.core.windows.net/tapes?sv=1&sig=abc',
    'https://ledger.blob.core.windows.net?sv=1&sig=abc',
  ])('A URL with a SAS addresses the service, whether it names the container or not: %s', (url) => {
    const expected = { kind: 'url', url: 'https://ledger.blob.core.windows.net/?sv=1&sig=abc' };
    expect(blobConnection({ SOURCE: url })).toEqual({ connection: expected });
  });

  test('A URL with a SAS may be that of an emulator', () => {
    const expected = { kind: 'url', url: 'http://127.0.0.1:10000/devstoreaccount1?sig=abc' };
    const url = 'http://127.0.0.1:10000/devstoreaccount1/tapes?sig=abc';
    expect(blobConnection({ SOURCE: url })).toEqual({ connection: expected });
  });

  test.each([
    ['https://ledger.table.core.windows.net/?sig=abc', /blob service/],
    ['https://ledger.blob.core.windows.net/others?sig=abc', /blob service/],
    ['https://ledger.blob.core.windows.net/', /SOURCE__serviceUri/],
    ['https://', /a URL/],
  ])('A URL with a SAS is refused where it cannot be right: %s', (url, expected) => {
    const message = expect.stringMatching(expected) as string;
    expect(blobConnection({ SOURCE: url })).toEqual({ problems: [{ name: 'SOURCE', expected: message }] });
  });
});

describe('A connection with an identity', () => {
  const clientId = '0a1b2c3d-0000-4000-8000-00000000000f';

  test('A connection with an identity names the account, or the service', () => {
    expect(blobConnection({ SOURCE__accountName: 'ledger' })).toEqual({
      connection: { kind: 'identity', accountName: 'ledger' },
    });
    const uri = 'https://ledger.blob.core.windows.net';
    const expected = { connection: { kind: 'identity', blobServiceUri: uri } };
    expect(blobConnection({ SOURCE__serviceUri: uri })).toEqual(expected);
    expect(blobConnection({ SOURCE__blobServiceUri: uri })).toEqual(expected);
  });

  test('A connection with an identity may name the identity', () => {
    const settings = {
      SOURCE__accountName: 'ledger',
      SOURCE__credential: 'ManagedIdentity',
      SOURCE__clientId: clientId,
    };
    expect(blobConnection(settings)).toEqual({
      connection: { kind: 'identity', accountName: 'ledger', credential: 'managedidentity', clientId },
    });
  });

  test('Every wrong part of a connection with an identity is named', () => {
    const settings = {
      SOURCE__accountName: 'Not An Account',
      SOURCE__blobServiceUri: 'ledger',
      SOURCE__tableServiceUri: 'https://[',
      SOURCE__credential: 'password',
      SOURCE__clientId: 'me',
    };
    const reading = blobConnection(settings);
    expect('problems' in reading && reading.problems.map(({ name }) => name)).toEqual(Object.keys(settings));
  });

  test('A connection with an identity must lead to the service that is needed', () => {
    const settings = { SOURCE__tableServiceUri: 'https://ledger.table.core.windows.net' };
    expect(blobConnection(settings)).toEqual({
      problems: [{ name: 'SOURCE__accountName', expected: "the account's name, or SOURCE__blobServiceUri" }],
    });
  });

  test.each(['serviceUri', 'blobServiceUri'])(
    'A connection with an identity may not lead to another service by its %s',
    (part) => {
      expect(blobConnection({ [`SOURCE__${part}`]: 'https://ledger.table.core.windows.net' })).toEqual({
        problems: [{ name: `SOURCE__${part}`, expected: 'a URL of the blob service' }],
      });
    },
  );

  test('A connection with an identity may have a service URL of another service beside that of its own', () => {
    const blobServiceUri = 'https://ledger.blob.core.windows.net';
    const settings = {
      SOURCE__blobServiceUri: blobServiceUri,
      SOURCE__serviceUri: 'https://ledger.table.core.windows.net',
    };
    expect(blobConnection(settings)).toEqual({ connection: { kind: 'identity', blobServiceUri } });
  });

  test('A connection string wins over a connection with an identity, as in Azure', () => {
    const settings = { SOURCE: 'UseDevelopmentStorage=true', SOURCE__accountName: 'ledger' };
    expect(blobConnection(settings)).toMatchObject({ connection: { kind: 'connectionString' } });
  });
});
