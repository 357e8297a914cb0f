import type { EventStoreServer } from '../../dev/eventstore/eventStoreServer.js';
import { Ferry } from '../support/ferry.js';
import { password } from './commandLine.js';

/** A ferry whose server wants a password, so that tests see it stay secret. */
export async function ferryWithPassword(server: EventStoreServer): Promise<Ferry> {
  const secret = server.connectionString.replace('://', `://admin:${password}@`);
  return Ferry.open(server, { EVENTSTORE_CONNECTION_STRING: secret, OUTAGE_WAIT_SECONDS: '1' });
}
