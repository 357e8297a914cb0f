import { TableServiceClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';

import { startAzurite } from '../../dev/azurite.js';
import { azuriteConnectionString, freshContainerName, freshTableName } from '../support/azurite.js';

async function vanished(pid: number): Promise<void> {
  await expect.poll(() => running(pid), { timeout: 10_000 }).toBe(false);
}

function running(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('the storage emulator', () => {
  test('the one of the run answers for blobs and tables', async () => {
    const blobs = BlobServiceClient.fromConnectionString(azuriteConnectionString());
    const tables = TableServiceClient.fromConnectionString(azuriteConnectionString(), {
      allowInsecureConnection: true,
    });
    const container = blobs.getContainerClient(freshContainerName());
    await container.create();
    await tables.createTable(freshTableName());
    expect(await container.exists()).toBe(true);
  });

  test('keeps its data in a directory from one start to the next', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'azurite-'));
    const name = freshContainerName();
    const first = await startAzurite({ dir });
    const blob = BlobServiceClient.fromConnectionString(first.connectionString).getContainerClient(name);
    await blob.create();
    await blob.getBlockBlobClient('one').upload('kept', 4);
    await first.stop();
    const second = await startAzurite({ dir });
    const again = BlobServiceClient.fromConnectionString(second.connectionString).getContainerClient(name);
    expect((await again.getBlobClient('one').downloadToBuffer()).toString()).toBe('kept');
    await second.stop();
    await rm(dir, { recursive: true });
  });

  test('ends with stop, which may be called twice', async () => {
    const azurite = await startAzurite();
    await azurite.stop();
    await azurite.stop();
    expect(running(azurite.pid)).toBe(false);
  });

  test('says what is wrong when its port is taken', async () => {
    const azurite = await startAzurite();
    await expect(startAzurite({ blobPort: azurite.blobPort })).rejects.toThrow(/EADDRINUSE/);
    await azurite.stop();
  });

  test.skipIf(process.platform === 'win32')('does not outlive a parent that was killed', async () => {
    const start = `import { startAzurite } from './dev/azurite.ts';
      const azurite = await startAzurite();
      console.log(azurite.pid);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', start], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    expect(running(Number(line))).toBe(true);
    parent.kill('SIGKILL');
    await vanished(Number(line));
  });
});
