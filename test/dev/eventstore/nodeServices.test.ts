import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { expect, onTestFinished, test } from 'vitest';
import { embeddedServer } from '../../support/services/embeddedServer.js';

test('The client library discovers the embedded server by gossip, every time', async () => {
  for (let time = 1; time <= 5; time++) {
    const server = await embeddedServer();
    const client = EventStoreDBClient.connectionString(`esdb+discover://127.0.0.1:${server.port}?tls=false`);
    onTestFinished(() => client.dispose());
    await client.appendToStream('discovered', jsonEvent({ type: 'Found', data: { time } }));
    expect(server.lastRevision('discovered')).toBe(0);
  }
});
