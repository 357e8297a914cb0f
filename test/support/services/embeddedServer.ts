import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest';
import {
  startEventStore,
  type EventStoreServer,
  type EventStoreServerOptions,
} from '../../../dev/eventstore/eventStoreServer.js';

/** Starts an embedded server on a free port for the running test, and stops it when the test is over. */
export async function embeddedServer(options: EventStoreServerOptions = {}): Promise<EventStoreServer> {
  const server = await startEventStore(options);
  onTestFinished(async () => {
    server.faults.clear();
    await server.stop();
  });
  return server;
}

/**
 * Starts one embedded server for all tests of a file. Call it at the top of the file or of a `describe`. Before each
 * test it is running and has no faults set. Each test should use its own stream.
 */
export function sharedEmbeddedServer(options: EventStoreServerOptions = {}): () => EventStoreServer {
  let server: EventStoreServer | undefined;
  const started = (): EventStoreServer => {
    if (!server) throw new Error('the shared server is only there while tests run');
    return server;
  };
  beforeAll(async () => {
    server = await startEventStore(options);
  });
  beforeEach(async () => {
    started().faults.clear();
    await started().start();
  });
  afterAll(async () => {
    server?.faults.clear();
    await server?.stop();
  });
  return started;
}
