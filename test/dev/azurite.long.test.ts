import { BlobServiceClient } from '@azure/storage-blob';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startAzurite } from '../../dev/azurite.js';
import { azuriteConnectionString, freshContainerName } from '../support/services/azurite.js';
import { freshFolder } from '../support/freshFolder.js';
import { eventually, until } from '../support/waits.js';
import { isRunning } from './isRunning.js';

describe('the storage emulator', () => {
  test('The storage emulator keeps its data in a directory from one start to the next', async () => {
    const dir = freshFolder();
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
  });

  test.skipIf(process.platform === 'win32')(
    'The storage emulator does not outlive a parent that was killed',
    async () => {
      const start = `import { startAzurite } from './dev/azurite.ts';
      const azurite = await startAzurite();
      console.log(azurite.pid);
      setInterval(() => {}, 1000);`;
      const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', start], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      onTestFinished(() => void parent.kill('SIGKILL'));
      const [line] = (await until('Azurite to start', once(createInterface(parent.stdout), 'line'))) as [string];
      expect(isRunning(Number(line))).toBe(true);
      parent.kill('SIGKILL');
      await eventually('Azurite to end', () => expect(isRunning(Number(line))).toBe(false));
    },
  );

  test('The storage emulator says what is wrong when its port is taken', async () => {
    const [, port] = /BlobEndpoint=http:\/\/127\.0\.0\.1:(\d+)/.exec(azuriteConnectionString()) ?? [];
    await expect(startAzurite({ blobPort: Number(port) })).rejects.toThrow(/EADDRINUSE/);
  });
});

describe('the storage emulator', () => {
  test('The storage emulator ends with stop, which may be called twice', async () => {
    const azurite = await startAzurite();
    await azurite.stop();
    await azurite.stop();
    expect(isRunning(azurite.pid)).toBe(false);
  });
});
