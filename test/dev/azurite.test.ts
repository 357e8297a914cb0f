import { TableServiceClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';

import { startAzurite } from '../../dev/azurite.js';
import { azuriteConnectionString, freshContainerName, freshTableName } from '../support/services/azurite.js';
import { isRunning } from './isRunning.js';

describe('the storage emulator', () => {
  test('The storage emulator of the test run answers for blobs and tables', async () => {
    const blobs = BlobServiceClient.fromConnectionString(azuriteConnectionString());
    const tables = TableServiceClient.fromConnectionString(azuriteConnectionString(), {
      allowInsecureConnection: true,
    });
    const container = blobs.getContainerClient(freshContainerName());
    await container.create();
    await tables.createTable(freshTableName());
    expect(await container.exists()).toBe(true);
  });

  test('The storage emulator ends with stop, which may be called twice', async () => {
    const azurite = await startAzurite();
    await azurite.stop();
    await azurite.stop();
    expect(isRunning(azurite.pid)).toBe(false);
  });
});
