import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { onTestFinished } from 'vitest';
import { eventually } from '../../../support/waits.js';

export function clientOf(connectionString: string): EventStoreDBClient {
  const client = EventStoreDBClient.connectionString(connectionString);
  onTestFinished(() => client.dispose());
  return client;
}

export const event = (n: number) => jsonEvent({ type: 'Counted', data: { n } });

/** A client may still hold on to the connection that was cut, and fail once more, before it connects again. */
export function reconnected(check: () => Promise<void>): Promise<void> {
  return eventually('the client to connect again', check);
}

export async function revisions(client: EventStoreDBClient, stream: string): Promise<number[]> {
  const found: number[] = [];
  for await (const resolved of client.readStream(stream)) found.push(Number(resolved.event?.revision));
  return found;
}
