import { describe, expect, test } from 'vitest';

import { rightsOf } from '../../src/storage/rights.js';

describe('What a storage connection may do', () => {
  test('What a storage connection may do is everything with an account key', () => {
    const value = 'DefaultEndpointsProtocol=https;AccountName=ours;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net';
    expect(rightsOf({ kind: 'connectionString', value })).toEqual({ kind: 'key' });
  });

  test('What a storage connection may do is not asked of the emulator', () => {
    for (const value of ['UseDevelopmentStorage=true', 'AccountName=devstoreaccount1;AccountKey=x;BlobEndpoint=y']) {
      expect(rightsOf({ kind: 'connectionString', value })).toEqual({ kind: 'emulator' });
    }
  });

  test('What a storage connection may do cannot be seen with an identity', () => {
    expect(rightsOf({ kind: 'identity', accountName: 'ours' })).toEqual({ kind: 'identity' });
  });

  test('What a storage connection may do is written in a shared access signature, in a URL or in a connection string', () => {
    const signature = 'sv=2025-01-05&ss=b&srt=co&sp=rl&st=2026-01-01T00:00:00Z&se=2026-02-01T00:00:00Z&sig=x%3D';
    const rights = {
      kind: 'signature',
      permissions: 'rl',
      services: 'b',
      resourceTypes: 'co',
      startsAt: Date.UTC(2026, 0, 1),
      expiresAt: Date.UTC(2026, 1, 1),
    };
    expect(rightsOf({ kind: 'url', url: `https://ours.blob.core.windows.net/?${signature}` })).toEqual(rights);
    const value = `BlobEndpoint=https://ours.blob.core.windows.net;SharedAccessSignature=${signature}`;
    expect(rightsOf({ kind: 'connectionString', value })).toEqual(rights);
  });

  test('What a storage connection may do is unknown with a stored access policy', () => {
    const url = 'https://ours.blob.core.windows.net/?sv=2025-01-05&si=readers&sr=c&sig=x';
    expect(rightsOf({ kind: 'url', url })).toMatchObject({ permissions: undefined, expiresAt: undefined });
  });
});
