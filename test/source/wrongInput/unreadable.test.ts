import { BlobServiceClient, ContainerSASPermissions, StorageSharedKeyCredential } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';
import type { Failure } from '../../../src/core/failure.js';
import type { Mark } from '../../../src/core/mark.js';
import { connectContainer } from '../../../src/storage/container.js';
import { azuriteConnectionString, freshContainerName } from '../../support/services/azurite.js';
import { never, openTapes, readAll } from '../openTapes.js';
import { first } from '../tapeChunks.js';
import { threeChunkStore } from './caughtUp.js';

describe('a container that cannot be read', () => {
  const secret = /sig=|AccountKey|Eby8/;

  test('A container that cannot be read because it does not exist is SourceUnreachable', async () => {
    const container = freshContainerName();
    const client = connectContainer({ kind: 'connectionString', value: azuriteConnectionString() }, container);
    const { thrown } = await readAll(openTapes(client));
    expect(thrown).toMatchObject({
      kind: 'SourceUnreachable',
      message: `Container ${container} of account devstoreaccount1 does not exist.`,
      facts: { container, account: 'devstoreaccount1' },
    });
    await expect(openTapes(client).isEmpty(never)).rejects.toMatchObject({ kind: 'SourceUnreachable' });
    const mark = { chunk: first, offset: 0, position: 1, sha1: '' } as Mark;
    await expect(openTapes(client).locate(mark, undefined, never)).rejects.toMatchObject({ kind: 'SourceUnreachable' });
  });

  test('A container that cannot be read because the key is wrong is SourceUnreachable, without the key', async () => {
    const container = await threeChunkStore();
    const key = Buffer.alloc(64, 7).toString('base64');
    const value = azuriteConnectionString().replace(/AccountKey=[^;]*/, `AccountKey=${key}`);
    const { thrown } = await readAll(
      openTapes(connectContainer({ kind: 'connectionString', value }, container.containerName)),
    );
    expect(thrown).toMatchObject({ kind: 'SourceUnreachable', message: expect.stringMatching(/was denied/) as string });
    expect(JSON.stringify([thrown, String(thrown)])).not.toContain(key);
  });

  test('A container that cannot be read because a signature does not allow it is SourceUnreachable, without the signature', async () => {
    const container = await threeChunkStore();
    const withKey = BlobServiceClient.fromConnectionString(azuriteConnectionString()).getContainerClient(
      container.containerName,
    );
    expect(withKey.credential).toBeInstanceOf(StorageSharedKeyCredential);
    const permissions = ContainerSASPermissions.parse('w');
    const signed = await withKey.generateSasUrl({ permissions, expiresOn: new Date(Date.now() + 60_000) });
    const url = signed.replace(`/${container.containerName}?`, '?');
    const { thrown } = await readAll(openTapes(connectContainer({ kind: 'url', url }, container.containerName)));
    expect(thrown).toMatchObject({ kind: 'SourceUnreachable', message: expect.stringMatching(/was denied/) as string });
    expect(JSON.stringify([thrown, String(thrown)])).not.toMatch(secret);
    expect((thrown as Failure).cause).toBeDefined();
  });

  test('A container that cannot be read because nothing listens there is SourceUnreachable', async () => {
    const value = azuriteConnectionString().replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:1');
    const client = connectContainer({ kind: 'connectionString', value }, 'tapes');
    const { thrown } = await readAll(openTapes(client));
    expect(thrown).toMatchObject({
      kind: 'SourceUnreachable',
      message: expect.stringMatching(/cannot be reached/) as string,
    });
  });
});
