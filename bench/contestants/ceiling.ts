import type { ClientDuplexStream } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../src/core/clock.js';
import type { Config } from '../../src/config/config.js';
import { createConvert } from '../../src/convert/convert.js';
import { AppendWindow, type Timed } from '../../src/engine/append/window.js';
import { Pipeline } from '../../src/engine/append/pipeline.js';
import { beginning } from '../../src/core/cursor.js';
import { lokadTapes } from '../../src/source/lokadTapes.js';
import { connectContainer } from '../../src/storage/container.js';
import { readBatchAnswer } from '../../src/target/append/answer.js';
import { batchRequest, headBytes } from '../../src/target/append/request.js';
import { asBytes, type Connection } from '../../src/target/connect/connection.js';
import { Connections } from '../../src/target/connect/connections.js';
import { parseConnectionString } from '../../src/target/connect/connectionString.js';
import { eventStoreTarget } from '../../src/target/eventStoreTarget.js';
import { type MeasuredEvents, noStream, type Target } from '../../src/target/target.js';
import { silentLogger } from '../../src/core/logger.js';
import { measure, type Measured } from '../measure.js';

/** An append request that was encoded before the clock started. */
interface Encoded {
  readonly correlationId: string;
  readonly bytes: Buffer;
  /** The bytes that the append window counts for it. */
  readonly counted: number;
  readonly events: number;
}

const deadlineSeconds = 30;

/**
 * Measures the fastest possible sender. It sends the requests that Eventferry would send, in the same batches and
 * through the same window, but encodes them before the clock starts.
 */
export async function ceiling(config: Config): Promise<Measured> {
  const requests = await encodeAll(config);
  const { connectionString, tlsCa } = config.target;
  const connections = new Connections(parseConnectionString(connectionString, tlsCa), systemClock);
  const { connection } = await connections.ready(new AbortController().signal);
  const measured = await measure(() => sendAll(connection, requests));
  connections.close();
  return measured;
}

/** Eventferry's own pipeline cuts the requests; its target here encodes and keeps them instead of sending. */
async function encodeAll(config: Config): Promise<Encoded[]> {
  const requests: Encoded[] = [];
  const container = connectContainer(config.source.storage, config.source.container);
  const source = lokadTapes({ ...config.source, container, clock: systemClock, logger: silentLogger });
  const real = eventStoreTarget({ ...config.target, clock: systemClock, logger: silentLogger });
  const { stream } = config.target;
  const recorder: Pick<Target, 'measure' | 'appendBytes' | 'open'> = {
    measure: (event) => real.measure(event),
    appendBytes: real.appendBytes,
    open: () => ({
      append: (_stream, measured, expected) => {
        requests.push(encode(stream, measured, expected));
        return Promise.resolve(expected + measured.events.length);
      },
      writable: () => Promise.resolve(),
      close: () => undefined,
    }),
  };
  const from = { cursor: beginning, revision: noStream };
  const pipeline = new Pipeline(recorder as Target, stream, from, systemClock);
  const convert = createConvert(config.convert);
  for await (const { records } of source.read(beginning, new AbortController().signal)) {
    for (const record of records) {
      pipeline.add(convert(record), record);
      if (pipeline.isFull) await pipeline.send();
    }
  }
  await pipeline.drain();
  await real.close();
  return requests;
}

function encode(stream: string, { events, size }: MeasuredEvents, expected: number): Encoded {
  const correlationId = randomUUID();
  const head = { stream, expected, correlationId, deadlineSeconds };
  const bytes = batchRequest(head, events, Buffer.allocUnsafeSlow(headBytes + size.sentBytes));
  return { correlationId, bytes, counted: size.bytes, events: events.length };
}

async function sendAll(connection: Connection, requests: readonly Encoded[]): Promise<number> {
  const call: ClientDuplexStream<Buffer, Buffer> = connection.grpc.makeBidiStreamRequest(
    '/event_store.client.streams.Streams/BatchAppend',
    asBytes,
    asBytes,
    ...connection.callArguments(),
  );
  const window = new AppendWindow(systemClock);
  const inFlight = new Map<string, Timed>();
  let full = false;
  let failure: Error | undefined;
  let wake = (): void => undefined;
  call.on('data', (bytes: Buffer) => {
    const { correlationId, answer } = readBatchAnswer(bytes);
    const timed = inFlight.get(correlationId);
    if (!timed || !answer.hasSuccess()) failure = new Error('The server refused an append.');
    else window.answered(timed);
    inFlight.delete(correlationId);
    wake();
  });
  call.on('drain', () => ((full = false), wake()));
  call.on('error', (error) => ((failure = error), wake()));
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition() && !failure) await new Promise<void>((resolve) => (wake = resolve));
    if (failure) throw failure;
  };
  let events = 0;
  for (const request of requests) {
    await until(() => !full && window.hasRoom(request.counted));
    inFlight.set(request.correlationId, window.sent(request.counted));
    full = !call.write(request.bytes);
    events += request.events;
  }
  await until(() => inFlight.size === 0);
  call.end();
  return events;
}
