import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest';
import {
  startEventStore,
  type EventStoreServer,
  type EventStoreServerOptions,
} from '../../../dev/eventstore/eventStoreServer.js';

/**
 * Starts a server on a port that nobody is given for any free one. So the port is still free when a test has stopped the
 * server and starts it again, whatever else begins to listen meanwhile.
 */
async function startOnLowPort(options: EventStoreServerOptions): Promise<EventStoreServer> {
  for (;;) {
    try {
      return await startEventStore({ port: randomInt(20_000, 32_000), ...options });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

/** Starts an embedded server on a free port for the running test, and stops it when the test is over. */
export async function embeddedServer(options: EventStoreServerOptions = {}): Promise<EventStoreServer> {
  const server = await startOnLowPort(options);
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
    server = await startOnLowPort(options);
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
