import { expect } from 'vitest';
import { createConvert } from '../../src/convert/convert.js';
import { parseMark } from '../../src/convert/eventIdAndMark.js';
import { createPlaceholder } from '../../src/convert/placeholder.js';
import { asFailure, type Failure } from '../../src/core/failure.js';
import { beginning } from '../../src/core/cursor.js';
import type { SourceRecord } from '../../src/core/record.js';
import { maxFrameBytes } from '../../src/source/lokad/frame.js';
import { lokadTapes } from '../../src/source/lokadTapes.js';
import type { OnDamage } from '../../src/source/tapes.js';
import { MemoryContainer } from '../support/stores/memoryContainer.js';
import { Draws, mutated, sha1, type Field } from '../support/stores/mutations.js';
import { RecordingLogger } from '../support/recordingLogger.js';
import { FakeClock } from '../support/fakeClock.js';
import { batchOf, frameOf, type Variant } from '../support/stores/tapeWriter.js';

/** Chunks are changed at random, always the same ones; another number draws others. */
const firstSeed = Number(process.env['FUZZ_SEED'] ?? 1);

const name = '00000000-2012-09-10-080000.dat';
const live = new AbortController().signal;
const placeholder = createPlaceholder('sample', '00000000');
const convert = createConvert({
  ...{ sourceId: 'sample', excludeKeys: ['audit'], typeMap: {}, stripNamespaces: [], settings: '00000000' },
  ...{ bodyMode: 'auto', placeholder },
});

interface Case {
  readonly variant: Variant;
  readonly bytes: Buffer;
}

function drawn(draw: Draws): Case {
  const variant = draw.of(['varint', 'int32'] as const);
  const frames: Buffer[] = [];
  const fields: Field[] = [];
  let at = 0;
  for (let count = 1 + draw.below(6); count > 0; count--) {
    const key = draw.of(['user:1', 'audit', '', 'клиент', 'k'.repeat(200)]);
    let payload = payloadOf(draw);
    // A frame whose hash is right says nothing about its payload.
    if (draw.below(3) === 0) payload = mutated(payload, [{ at: 0, bytes: 1 }], draw);
    const frame = frameOf({ stamp: BigInt(draw.below(9) - 1), key, payload }, variant);
    const keyBytes = Buffer.byteLength(key);
    const lengthAt = at + 8 + (keyBytes < 128 ? 1 : 2) + keyBytes;
    fields.push({ at, bytes: 8 }, { at: at + 8, bytes: 1 }, { at: lengthAt, bytes: variant === 'int32' ? 4 : 1 });
    fields.push({ at: at + frame.length - 20, bytes: 20 });
    frames.push(frame);
    at += frame.length;
  }
  return { variant, bytes: mutated(Buffer.concat(frames), fields, draw) };
}

function payloadOf(draw: Draws): Buffer {
  if (draw.below(8) === 0) return Buffer.from('0001000000ffffffff0100000000000000', 'hex');
  const bodies = ['{"N":1}', '\r\n{\r\n\t"N": 1\r\n}\r\n', '\n[\n\t"a:  b"\n]\n', '', '\u0000\u0001', '{"N":'];
  return batchOf({
    attributes: Array.from({ length: draw.below(3) }, () => ['id', draw.of(['', 'abc'])] as const),
    messages: Array.from({ length: draw.below(4) }, () => [
      draw.of(['Shop/Order', '$reserved', 'X', 'Ç'.repeat(70)]),
      Buffer.from(draw.of(bodies)),
    ]),
  });
}

async function read({ bytes }: Case, onDamage: OnDamage) {
  const container = new MemoryContainer(new Map([[name, bytes]]));
  const source = lokadTapes({
    ...{ container: container.client, readRecords: 3, settleSeconds: 0, listAllSeconds: 300, onDamage },
    ...{ clock: FakeClock.flowing(), logger: new RecordingLogger(), minRangeBytes: 128 },
  });
  const records: SourceRecord[] = [];
  let failure: Failure | undefined;
  try {
    for await (const batch of source.read(beginning, live)) records.push(...batch.records);
  } catch (thrown) {
    failure = asFailure(thrown);
  }
  return { records, failure, largestRequest: container.largestRequest };
}

/** Where each frame ends that stands whole behind the last one, from the first byte on: by the format's words alone. */
function framesBeforeTheFirstBadByte({ bytes, variant }: Case): number[] {
  const ends: number[] = [];
  for (let at = 0; ; at = ends.at(-1) ?? 0) {
    const end = frameEnd(bytes, at, variant);
    if (end === undefined) return ends;
    ends.push(end);
  }
}

function frameEnd(bytes: Buffer, at: number, variant: Variant): number | undefined {
  const key = sevenBit(bytes, at + 8);
  if (!key) return undefined;
  const lengthAt = key.end + key.value;
  const int32 = lengthAt + 4 <= bytes.length ? { value: bytes.readInt32LE(lengthAt), end: lengthAt + 4 } : undefined;
  const length = variant === 'int32' ? int32 : sevenBit(bytes, lengthAt);
  if (!length || length.value < 0) return undefined;
  const hashAt = length.end + length.value;
  if (hashAt + 20 > bytes.length) return undefined;
  return sha1(bytes.subarray(at, hashAt)).equals(bytes.subarray(hashAt, hashAt + 20)) ? hashAt + 20 : undefined;
}

function sevenBit(bytes: Buffer, at: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[at + index];
    if (byte === undefined || (index === 4 && byte > 7)) return undefined;
    value += (byte % 128) * 128 ** index;
    if (byte < 128) return { value, end: at + index + 1 };
  }
  return undefined;
}

function expectWhole(record: SourceRecord, { bytes }: Case): void {
  const frame = bytes.subarray(record.offset, record.offset + record.frameBytes);
  const hash = frame.subarray(frame.length - 20);
  expect(sha1(frame.subarray(0, -20)).equals(hash) && hash.equals(record.sha1)).toBe(true);
}

/** What becomes of a record: every event has the mark that names it, and all of its bytes lie in the frame. */
function expectConvertible(record: SourceRecord): void {
  for (const event of convert(record)) {
    expect(parseMark(event.metadata)).toEqual(event.mark);
    expect(event.setAside?.body.length ?? 0).toBeLessThanOrEqual(record.frameBytes);
  }
}

/** So many mutated chunks never give a record that is not whole, nor lose one before the first bad byte. */
export async function checkMutatedChunks(chunks: number): Promise<void> {
  const seen = { records: 0, stops: 0 };
  for (let seed = firstSeed; seed < firstSeed + chunks; seed++) {
    const draw = new Draws(seed);
    const onDamage = draw.of<OnDamage>(['stop', 'skip', 'salvage']);
    const hostile = drawn(draw);
    const { records, failure, largestRequest } = await read(hostile, onDamage);
    try {
      for (const record of records) expectWhole(record, hostile);
      records.forEach(expectConvertible);
      const ends = records.map((record) => record.offset + record.frameBytes);
      const expected = framesBeforeTheFirstBadByte(hostile);
      expect(ends.slice(0, expected.length)).toEqual(expected);
      if (onDamage !== 'salvage') expect(ends).toHaveLength(expected.length);
      expect(records.map(({ position }) => position)).toEqual(records.map((_, index) => index + 1));
      if (failure) expect({ onDamage, kind: failure.kind }).toEqual({ onDamage: 'stop', kind: 'SourceCorrupt' });
      // A length of 2 GiB is no reason to ask for so much.
      expect(largestRequest).toBeLessThanOrEqual(2 * maxFrameBytes);
    } catch (error) {
      throw new Error(`FUZZ_SEED=${seed} begins with it: ${String(error)}`, { cause: error });
    }
    seen.records += records.length;
    seen.stops += failure ? 1 : 0;
  }
  expect(seen.records).toBeGreaterThan(chunks);
  expect(seen.stops).toBeGreaterThan(chunks / 60);
}
