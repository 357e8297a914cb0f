import { binaryEvent, EventStoreDBClient, jsonEvent, NO_STREAM, type EventData } from '@eventstore/db-client';
import { systemClock } from '../../src/core/clock.js';
import type { Config } from '../../src/config/config.js';
import { beginning } from '../../src/core/cursor.js';
import type { SourceMessage, SourceRecord } from '../../src/core/record.js';
import { lokadTapes } from '../../src/source/lokadTapes.js';
import { connectContainer } from '../../src/storage/container.js';
import { silentLogger } from '../../src/core/logger.js';
import { measure, type Measured } from '../measure.js';

/** Which function of the client library makes the events. */
export type EventForm = 'json' | 'binary';

/**
 * The loop that Eventferry replaces: it reads records, turns each message into a `jsonEvent`, and appends them with the
 * client library. One batch is in flight at a time; it expects the revision that the last answer gave. The records come
 * from Eventferry's own source.
 *
 * @param batch events in an append; 1 means one event per call
 * @param limit the loop stops after this many events
 */
export async function clientLoop(config: Config, form: EventForm, batch: number, limit: number): Promise<Measured> {
  const container = connectContainer(config.source.storage, config.source.container);
  const source = lokadTapes({ ...config.source, container, clock: systemClock, logger: silentLogger });
  const client = EventStoreDBClient.connectionString(config.target.connectionString);
  const measured = await measure(async () => {
    let expectedRevision: bigint | typeof NO_STREAM = NO_STREAM;
    let waiting: EventData[] = [];
    let taken = 0;
    const flush = async (): Promise<void> => {
      if (waiting.length === 0) return;
      const result = await client.appendToStream(config.target.stream, waiting, { expectedRevision });
      expectedRevision = result.nextExpectedRevision;
      waiting = [];
    };
    for await (const { records } of source.read(beginning, new AbortController().signal)) {
      for (const record of records) {
        for (const event of clientEvents(record, form)) {
          if (taken >= limit) break;
          taken++;
          waiting.push(event);
          if (waiting.length >= batch) await flush();
        }
      }
      if (taken >= limit) break;
    }
    await flush();
    return taken;
  });
  await client.dispose();
  return measured;
}

function clientEvents({ payload, position }: SourceRecord, form: EventForm): EventData[] {
  if (payload.kind === 'opaque') return [];
  const make = form === 'json' ? asJson : asBinary;
  return Array.from(payload.messages, (message) => make(message, position));
}

function asJson({ contract, body }: SourceMessage, position: number): EventData {
  return jsonEvent({
    type: Buffer.from(contract).toString(),
    data: JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>,
    metadata: { position },
  });
}

function asBinary({ contract, body }: SourceMessage, position: number): EventData {
  return binaryEvent({ type: Buffer.from(contract).toString(), data: body, metadata: { position } });
}
