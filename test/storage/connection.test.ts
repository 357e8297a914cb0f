import { DefaultAzureCredential, ManagedIdentityCredential } from '@azure/identity';
import { describe, expect, test } from 'vitest';

import { accountOf, loadCredential, serviceUrl } from '../../src/storage/connection.js';
import type { StorageConnection } from '../../src/storage/connection.js';

describe('The identity of a connection', () => {
  test('The identity of a connection is only the managed identity where the connection says so', async () => {
    const credential = 'managedidentity';
    expect(await loadCredential({ kind: 'identity', credential })).toBeInstanceOf(ManagedIdentityCredential);
    const clientId = '00000000-0000-0000-0000-000000000001';
    expect(await loadCredential({ kind: 'identity', credential, clientId })).toBeInstanceOf(ManagedIdentityCredential);
  });

  test('The identity of a connection is whatever the machine has where the connection names none', async () => {
    expect(await loadCredential({ kind: 'identity' })).toBeInstanceOf(DefaultAzureCredential);
  });
});

describe('The URL of a storage service', () => {
  test('The URL of a storage service is made from the account name', () => {
    expect(serviceUrl({ kind: 'identity', accountName: 'ledger' }, 'table')).toBe(
      'https://ledger.table.core.windows.net',
    );
  });

  test('The URL of a storage service is the one in the settings when there is one', () => {
    const connection = { kind: 'identity', accountName: 'ledger', blobServiceUri: 'https://private.example' } as const;
    expect(serviceUrl(connection, 'blob')).toBe('https://private.example');
  });

  test('The URL of a storage service is unknown without an account name and a URL', () => {
    expect(serviceUrl({ kind: 'identity', blobServiceUri: 'https://private.example' }, 'table')).toBeUndefined();
  });
});

describe('The account that messages name', () => {
  const connections: readonly (readonly [string, StorageConnection])[] = [
    ['devstoreaccount1', { kind: 'connectionString', value: 'UseDevelopmentStorage=true' }],
    ['ledger', { kind: 'connectionString', value: 'AccountName=ledger;AccountKey=c2VjcmV0' }],
    ['ledger', { kind: 'connectionString', value: 'BlobEndpoint=https://ledger.blob.x/;SharedAccessSignature=sig=1' }],
    ['ledger', { kind: 'url', url: 'https://ledger.blob.core.windows.net/?sig=1' }],
    ['emulated', { kind: 'url', url: 'http://127.0.0.1:10000/emulated?sig=1' }],
    ['ledger', { kind: 'identity', accountName: 'ledger' }],
    ['ledger', { kind: 'identity', tableServiceUri: 'https://ledger.table.core.windows.net' }],
  ];
  test.each(connections)('The account that messages name is %s', (account, connection) => {
    expect(accountOf(connection)).toBe(account);
  });
});
