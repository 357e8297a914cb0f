import { EventStoreDBClient, jsonEvent, NO_STREAM, type JSONEventType } from '@eventstore/db-client';
import type { Config } from '../src/config.js';
import { systemClock } from '../src/clock.js';
import { beginning, type SourceRecord } from '../src/record.js';
import { lokadTapes } from '../src/source/lokadTapes.js';
import { connectContainer } from '../src/source/sourceStorage.js';
import { silentLogger } from '../src/telemetry/logger.js';

/**
 * What the loop that Eventferry replaces does: read records, turn each message into a `jsonEvent`, append batch by batch
 * with the client library, one batch in flight, each at the revision that the last answer gave.
 *
 * @param batch events in an append; 1: one event per call
 * @param limit events after which it stops
 */
export async function clientLoop(config: Config, batch: number, limit: number): Promise<void> {
  const container = connectContainer(config.source.storage, config.source.container);
  const source = lokadTapes({ ...config.source, container, clock: systemClock, logger: silentLogger });
  const client = EventStoreDBClient.connectionString(config.target.connectionString);
  let expectedRevision: bigint | typeof NO_STREAM = NO_STREAM;
  let waiting: ReturnType<typeof jsonEvent<JSONEventType>>[] = [];
  let taken = 0;
  const flush = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const result = await client.appendToStream(config.target.stream, waiting, { expectedRevision });
    expectedRevision = result.nextExpectedRevision;
    waiting = [];
  };
  for await (const { records } of source.read(beginning, new AbortController().signal)) {
    for (const event of [...records].flatMap(jsonEvents)) {
      if (taken++ >= limit) break;
      waiting.push(event);
      if (waiting.length >= batch) await flush();
    }
    if (taken >= limit) break;
  }
  await flush();
  await client.dispose();
}

function jsonEvents({ payload, position }: SourceRecord): ReturnType<typeof jsonEvent<JSONEventType>>[] {
  if (payload.kind === 'opaque') return [];
  return payload.messages.map(({ contract, body }) =>
    jsonEvent({
      type: Buffer.from(contract).toString(),
      data: JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>,
      metadata: { position },
    }),
  );
}
