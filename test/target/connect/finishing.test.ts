import { describe, expect, test } from 'vitest';
import { embeddedServer } from '../../support/services/embeddedServer.js';
import { startProcess } from './startProcess.js';

describe('A process that has closed its target', () => {
  test('A process that has closed its target ends by itself', async () => {
    const server = await embeddedServer();
    expect(await startProcess(server.connectionString).end).toContain('tail: ');
    expect(server.lastRevision('billing')).toBe(1);
  });
});
