import { TableServiceClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';

import { azuriteConnectionString, freshContainerName, freshTableName } from '../support/services/azurite.js';

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
});
