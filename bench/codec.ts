import { createHash, hash } from 'node:crypto';
import { loadConfig, type Environment } from '../src/config.js';
import { createConvert } from '../src/convert/convert.js';
import { beginning, type TargetEvent } from '../src/record.js';
import { measureFrame, ParsedFrame } from '../src/source/frame.js';
import { lokadTapes } from '../src/source/lokadTapes.js';
import { connectContainer } from '../src/source/sourceStorage.js';
import { batchRequestBytes, eventsBytes, writeBatchRequest } from '../src/target/appendRequest.js';
import { silentLogger } from '../src/telemetry/logger.js';
import { systemClock } from '../src/clock.js';
import { MemoryContainer } from '../test/support/memoryContainer.js';
import { jobOf, tellParent } from './child.js';
import { readAll } from './contestants/reading.js';
import type { Measured } from './measure.js';

export interface CodecJob {
  readonly environment: Environment;
  readonly rounds: number;
}

/** Seconds of each round, for so many records and bytes of frames. */
export interface CodecAnswer {
  readonly records: number;
  readonly bytes: number;
  readonly decode: number[];
  readonly decodeFromStorage: number[];
  readonly sha1: number[];
  readonly encode: number[];
  readonly copy: number[];
}

const { environment, rounds } = jobOf<CodecJob>();
const { config } = loadConfig(environment);
const container = connectContainer(config.source.storage, config.source.container);

const blobs = new Map<string, Buffer>();
for await (const { name } of container.listBlobsFlat()) {
  blobs.set(name, await container.getBlobClient(name).downloadToBuffer());
}
const inMemory = new MemoryContainer(blobs).client;
const frames = [...blobs.values()].flatMap(framesOf);
const batches = await eventBatches();
const requestBuffer = Buffer.allocUnsafeSlow(1024 * 1024);

const answer: CodecAnswer = {
  records: frames.length,
  bytes: frames.reduce((sum, frame) => sum + frame.length, 0),
  ...{ decode: [], decodeFromStorage: [], sha1: [], encode: [], copy: [] },
};
for (let round = -2; round < rounds; round++) {
  const decode = await readAll(config, inMemory);
  const decodeFromStorage = await readAll(config, container);
  check(decode);
  check(decodeFromStorage);
  const [sha1, encode, copy] = [seconds(hashAll), seconds(encodeAll), seconds(copyAll)];
  if (round < 0) continue; // the first rounds warm up
  answer.decode.push(decode.seconds);
  answer.decodeFromStorage.push(decodeFromStorage.seconds);
  answer.sha1.push(sha1);
  answer.encode.push(encode);
  answer.copy.push(copy);
}
tellParent(answer);

function check({ events }: Measured): void {
  if (events !== frames.length) throw new Error(`${events} records were read of ${frames.length}.`);
}

function seconds(work: () => void): number {
  const started = performance.now();
  work();
  return (performance.now() - started) / 1000;
}

/** The part of each frame that its hash is made of, and the hash. */
function framesOf(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  const frame = new ParsedFrame();
  for (let at = 0; measureFrame(bytes, at, 'varint', frame) === 'valid'; at = frame.end) {
    found.push(bytes.subarray(at, frame.end));
  }
  return found;
}

/** Events as an append takes them, 500 at a time. */
async function eventBatches(): Promise<TargetEvent[][]> {
  const convert = createConvert(config.convert);
  const source = lokadTapes({ ...config.source, container: inMemory, clock: systemClock, logger: silentLogger });
  const found: TargetEvent[][] = [[]];
  for await (const { records } of source.read(beginning, new AbortController().signal)) {
    for (const event of [...records].flatMap(convert)) {
      if ((found.at(-1)?.length ?? 0) >= 500) found.push([]);
      found.at(-1)?.push(event);
    }
  }
  return found;
}

function hashAll(): void {
  // One-shot hashing came with Node 20.12; what is measured against is the fastest that there is.
  const oneShot = typeof hash === 'function';
  for (const frame of frames) {
    const bytes = frame.subarray(0, frame.length - 20);
    if (oneShot) hash('sha1', bytes, 'binary');
    else createHash('sha1').update(bytes).digest('binary');
  }
}

function encodeAll(): void {
  for (const events of batches) {
    const head = {
      stream: 'bench',
      expected: 0,
      correlationId: '00000000-0000-4000-8000-000000000000',
      deadlineSeconds: 19,
    };
    if (batchRequestBytes(head, eventsBytes(events)) > requestBuffer.length)
      throw new Error('The request is too long.');
    writeBatchRequest(head, events, requestBuffer);
  }
}

function copyAll(): void {
  for (const events of batches) {
    let at = 0;
    for (const { metadata, data } of events) {
      requestBuffer.set(metadata, at);
      requestBuffer.set(data, at + metadata.length);
      at += metadata.length + data.length;
    }
  }
}
