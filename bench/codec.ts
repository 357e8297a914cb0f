import { createHash, hash } from 'node:crypto';
import { loadConfig, type Environment } from '../src/config/config.js';
import { createConvert } from '../src/convert/convert.js';
import { beginning } from '../src/core/cursor.js';
import type { SourceRecord, TargetEvent } from '../src/core/record.js';
import { measureFrame, ParsedFrame, sha1Bytes } from '../src/source/lokad/frame.js';
import { lokadTapes } from '../src/source/lokadTapes.js';
import { connectContainer } from '../src/storage/container.js';
import { AppendLimit } from '../src/target/append/limit.js';
import { batchRequest, headBytes } from '../src/target/append/request.js';
import { silentLogger } from '../src/core/logger.js';
import { noTelemetry } from '../src/telemetry/telemetry.js';
import { systemClock } from '../src/core/clock.js';
import { MemoryContainer } from '../test/support/stores/memoryContainer.js';
import { jobOf, tellParent } from './child.js';
import { readAll } from './contestants/reading.js';
import { measure, type Measured } from './measure.js';

export interface CodecJob {
  readonly environment: Environment;
  readonly rounds: number;
}

/** The time of each piece of work in each round; `records` and `bytes` of frames are what it worked on. */
export interface CodecAnswer {
  readonly records: number;
  readonly bytes: number;
  readonly decoding: readonly Readonly<Record<'decode' | 'decodeFromStorage' | 'sha1', Measured>>[];
  readonly encoding: readonly Readonly<Record<'convert' | 'encode' | 'copy' | 'measureNowhere', Measured>>[];
}

const { environment, rounds } = jobOf<CodecJob>();
const { config } = loadConfig(environment);
const container = connectContainer(config.source.storage, config.source.container);

const blobs = new Map<string, Buffer>();
for await (const { name } of container.listBlobsFlat()) {
  blobs.set(name, await container.getBlobClient(name).downloadToBuffer());
}
const inMemory = new MemoryContainer(blobs).client;
const chunks = [...blobs.values()].map(chunkOf);
const frames = chunks.reduce((sum, { ends }) => sum + ends.length, 0);

const decoding = await inRounds(async () => ({
  decode: await readAll(config, inMemory),
  decodeFromStorage: await readAll(config, container),
  sha1: await measure(() => done(hashAll)),
}));
for (const { decode, decodeFromStorage } of decoding) {
  for (const { events } of [decode, decodeFromStorage]) {
    if (events !== frames) throw new Error(`${events} records were read of ${frames}.`);
  }
}

// These come after decoding was measured, because every object held in memory makes garbage collection slower.
const convert = createConvert(config.convert);
const records = await allRecords();
const batches = eventBatches();
const appendLimit = new AppendLimit(1024 * 1024);
const requestBuffer = Buffer.allocUnsafeSlow(1024 * 1024);
const encoding = await inRounds(async () => ({
  convert: await measure(() => done(convertAll)),
  encode: await measure(() => done(encodeAll)),
  copy: await measure(() => done(copyAll)),
  measureNowhere: await measure(() => done(measureNowhere)),
}));
const bytes = chunks.reduce((sum, { ends }) => sum + (ends.at(-1) ?? 0), 0);
tellParent({ records: frames, bytes, decoding, encoding } satisfies CodecAnswer);

async function inRounds<T>(round: () => Promise<T>): Promise<T[]> {
  for (let warmUp = 0; warmUp < 2; warmUp++) await round();
  const measured: T[] = [];
  while (measured.length < rounds) measured.push(await round());
  return measured;
}

function done(work: () => void): Promise<number> {
  work();
  return Promise.resolve(frames);
}

/** A chunk and where its frames end. There is no object for each frame: held objects slow down what is measured. */
function chunkOf(bytes: Buffer): { bytes: Buffer; ends: number[] } {
  const ends: number[] = [];
  const frame = new ParsedFrame();
  for (let at = 0; measureFrame(bytes, at, 'varint', frame) === 'valid'; at = frame.end) ends.push(frame.end);
  return { bytes, ends };
}

async function allRecords(): Promise<SourceRecord[]> {
  const source = lokadTapes({ ...config.source, container: inMemory, clock: systemClock, logger: silentLogger });
  const found: SourceRecord[] = [];
  for await (const { records } of source.read(beginning, new AbortController().signal)) found.push(...records);
  return found;
}

/** All events in batches of 500, as an append takes them. */
function eventBatches(): TargetEvent[][] {
  const found: TargetEvent[][] = [];
  for (let at = 0; at < records.length; at += 500)
    found.push(records.slice(at, at + 500).flatMap((record) => [...convert(record)]));
  return found;
}

function convertAll(): void {
  let events = 0;
  for (const record of records) events += convert(record).length;
  if (events !== records.length) throw new Error(`${records.length} records became ${events} events.`);
}

function hashAll(): void {
  // The baseline is the fastest hash that Node offers: the one-shot `hash`, which came with Node 20.12.
  const oneShot = typeof hash === 'function';
  for (const { bytes, ends } of chunks) {
    let start = 0;
    for (const end of ends) {
      const hashed = bytes.subarray(start, end - sha1Bytes);
      if (oneShot) hash('sha1', hashed, 'binary');
      else createHash('sha1').update(hashed).digest('binary');
      start = end;
    }
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
    let bytes = headBytes;
    for (const event of events) bytes += appendLimit.measure(event).sentBytes;
    if (bytes > requestBuffer.length) throw new Error('The request is too long.');
    batchRequest(head, events, requestBuffer);
  }
}

/** Calls telemetry that is off once for every event; a run calls it only a few times for each batch. */
function measureNowhere(): void {
  for (const { position } of records) noTelemetry.set('eventferry.lag.events', position);
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
