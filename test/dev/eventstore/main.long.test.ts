import { EventStoreDBClient, jsonEvent, type AppendExpectedRevision } from '@eventstore/db-client';
import { describe, expect, test, onTestFinished } from 'vitest';
import { startEventStore } from '../../../dev/eventstore/eventStoreServer.js';
import { freshFolder } from '../../support/freshFolder.js';
import { until } from '../../support/waits.js';
import { refused, run } from './program.js';

describe('npm run eventstore', () => {
  test.each([
    ['--port', '65536'],
    ['--unknown', ''],
  ])('npm run eventstore refuses %s %s with exit code 2, saying how it is used', async (...args) => {
    const { code, errors } = await refused(...args);
    expect(code).toBe(2);
    expect(errors).toMatch(/Usage: npm run eventstore/);
  });

  test('npm run eventstore has on disk what it acknowledged when it is killed in the middle of writing, and nothing out of order', async () => {
    const dir = freshFolder();
    const server = await run('--dir', dir);
    const client = EventStoreDBClient.connectionString(server.connectionString);
    onTestFinished(() => client.dispose());

    let acknowledged = -1;
    const append = async (): Promise<void> => {
      for (;;) {
        const expectedRevision: AppendExpectedRevision = acknowledged < 0 ? 'no_stream' : BigInt(acknowledged);
        const events = [0, 1, 2].map((n) => jsonEvent({ type: 'T', data: { n: acknowledged + 1 + n } }));
        const result = await client.appendToStream('s', events, { expectedRevision });
        acknowledged = Number(result.nextExpectedRevision);
        if (acknowledged > 100) server.process.kill('SIGKILL');
      }
    };
    await expect(append()).rejects.toThrow();
    expect(await until('the end of the server', server.exited)).toBe('SIGKILL');

    const again = await startEventStore({ dir });
    onTestFinished(() => again.stop());
    expect(again.lastRevision('s')).toBeGreaterThanOrEqual(acknowledged);
    const numbers = again.events('s').map(({ data }) => (JSON.parse(data.toString()) as { n: number }).n);
    expect(numbers).toEqual(numbers.map((_, n) => n));
  });
});
