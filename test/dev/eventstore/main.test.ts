import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { until } from '../../support/waits.js';
import { refused, run } from './program.js';

describe('npm run eventstore', () => {
  test('npm run eventstore says what it is for and where it listens, serves, and ends with 0 when asked to', async () => {
    const server = await run();
    expect(server.printed.join('\n')).toMatch(/for development only/);
    expect(server.printed).toContain(`Connection string: ${server.connectionString}`);
    const client = EventStoreDBClient.connectionString(server.connectionString);
    const { nextExpectedRevision } = await client.appendToStream('s', jsonEvent({ type: 'T', data: {} }));
    expect(nextExpectedRevision).toBe(0n);
    server.process.kill('SIGTERM');
    expect(await until('the end of the server', server.exited)).toBe(0);
    await client.dispose();
  });

  test('npm run eventstore refuses --port many with exit code 2, saying how it is used', async () => {
    const { code, errors } = await refused('--port', 'many');
    expect(code).toBe(2);
    expect(errors).toMatch(/Usage: npm run eventstore/);
  });
});
