import { describe, expect, onTestFinished, test } from 'vitest';

import { createConvert } from '../../../src/convert/convert.js';
import type { Parts } from '../../../src/engine/parts.js';
import { pass } from '../../../src/engine/pass.js';
import { beginning } from '../../../src/core/cursor.js';
import type { SourceRecord } from '../../../src/core/record.js';
import { systemClock } from '../../../src/core/clock.js';
import { lokadTapes } from '../../../src/source/lokadTapes.js';
import { AppendLimit } from '../../../src/target/append/limit.js';
import { noStream, type AppendCall, type Target } from '../../../src/target/target.js';
import { silentLogger } from '../../../src/core/logger.js';
import { MemoryContainer } from '../../support/stores/memoryContainer.js';
import { frameOf, type TapeRecord } from '../../support/stores/tapeWriter.js';

/** What is done since the event loop last had a turn. */
const work = { hashedBytes: 0, hashes: 0, records: 0 };

/**
 * Counts what is hashed while a test runs. All frames of a backlog are equal, and each is hashed as a part of a buffer
 * that is as long as the frame without its hash.
 */
function countHashes(record: TapeRecord): { readonly total: number } {
  const hashedLength = frameOf(record).length - 20;
  const counted = { total: 0 };
  const prototype = Buffer.prototype as Buffer;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called on the buffer in hand
  const { subarray } = prototype;
  prototype.subarray = function (this: Buffer, from, to) {
    const part = subarray.call(this, from, to);
    if (part.length === hashedLength) {
      counted.total++;
      work.hashes++;
      work.hashedBytes += hashedLength;
    }
    return part;
  };
  onTestFinished(() => void (prototype.subarray = subarray));
  return counted;
}

const convert = createConvert({
  sourceId: 'tapes',
  excludeKeys: ['audit'],
  bodyMode: 'auto',
  typeMap: {},
  stripNamespaces: [],
  settings: '00000000',
});
const tooMuch = { hashedBytes: 600 * 1024, hashes: 2_500, records: 1_000 };

const limit = new AppendLimit(1_048_576);

/** A target that takes everything at once, so that nothing but the code under test gives others their turn. */
function readyTarget(): Target {
  const call: AppendCall = {
    append: (_stream, { events }, expected) => Promise.resolve(expected + events.length),
    writable: () => Promise.resolve(),
    close: () => undefined,
  };
  const target: Pick<Target, 'open' | 'measure' | 'appendBytes'> = {
    appendBytes: 1_048_576,
    measure: (event) => limit.measure(event),
    open: () => call,
  };
  return target as Target;
}

/** A backlog of one chunk or of many, each frame made once and repeated. */
function backlog(records: number, chunkRecords: number, record: TapeRecord): Map<string, Buffer> {
  const frame = frameOf(record);
  const blobs = new Map<string, Buffer>();
  for (let from = 0; from < records; from += chunkRecords) {
    const name = `${String(from).padStart(8, '0')}-2013-10-15-${String(blobs.size).padStart(6, '0')}.dat`;
    const frames = Math.min(chunkRecords, records - from);
    blobs.set(name, Buffer.alloc(frames * frame.length, frame));
  }
  return blobs;
}

function partsFor(blobs: Map<string, Buffer>, target: Target, onRecord: (record: SourceRecord) => void): Parts {
  const source = lokadTapes({
    container: new MemoryContainer(blobs).client,
    readRecords: 10_000,
    settleSeconds: 60,
    listAllSeconds: 300,
    onDamage: 'stop',
    clock: systemClock,
    logger: silentLogger,
  });
  const parts: Partial<Parts> = {
    source,
    target,
    convert: (record) => {
      onRecord(record);
      return convert(record);
    },
    checkpoint: { advance: () => Promise.resolve() } as unknown as Parts['checkpoint'],
    stream: 'billing',
    clock: systemClock,
  };
  return parts as Parts;
}

const watch = { advanced: () => Promise.resolve(), ended: () => undefined };
const start = { cursor: beginning, revision: noStream };

/** The most that is done between two turns of the event loop while the work is under way. */
async function maxPerTurn(begin: () => Promise<unknown>) {
  Object.assign(work, { hashedBytes: 0, hashes: 0, records: 0 });
  const most = { ...work };
  let over = false;
  const look = (): void => {
    for (const each of ['hashedBytes', 'hashes', 'records'] as const) {
      most[each] = Math.max(most[each], work[each]);
      work[each] = 0;
    }
    if (!over) setImmediate(look);
  };
  setImmediate(look);
  await begin();
  over = true;
  return most;
}

const body = Buffer.from(`{"text":"${'x'.repeat(200)}"}`);
const shapes: readonly (readonly [string, TapeRecord])[] = [
  ['small events', { messages: [['Sample', Buffer.from('{}')]] }],
  ['usual events', { messages: [['Sample', body]] }],
  ['records that make no event', { key: 'audit', messages: [['Sample', body]] }],
  ['records without messages', { messages: [] }],
];

describe.each(shapes)('A backlog of 50,000 %s', (_, record) => {
  test.each([
    ['one chunk', 50_000],
    ['many small chunks', 300],
  ])(
    'A backlog in %s lets the timers, the stop signal and the progress line of its process have their turns',
    async (_, chunkRecords) => {
      let records = 0;
      const parts = partsFor(backlog(50_000, chunkRecords, record), readyTarget(), () => {
        records++;
        work.records++;
      });
      const hashes = countHashes(record);
      const most = await maxPerTurn(() => pass(start, parts, new AbortController().signal, watch));
      expect(records).toBe(50_000);
      expect(hashes.total).toBeGreaterThanOrEqual(records);
      expect(most.hashedBytes).toBeLessThan(tooMuch.hashedBytes);
      expect(most.hashes).toBeLessThan(tooMuch.hashes);
      expect(most.records).toBeLessThan(tooMuch.records);
    },
  );

  test('A backlog ends within a few hundred records of a stop signal, and what was taken until then is confirmed', async () => {
    const stop = new AbortController();
    let [records, atStop] = [0, 0];
    const parts = partsFor(backlog(50_000, 50_000, record), readyTarget(), () => {
      if (++records === 20_000) {
        stop.abort(new Error('stop'));
        atStop = records;
      }
    });
    let confirmed = 0;
    const ended = { ...watch, ended: ({ cursor }: { cursor: { position: number } }) => (confirmed = cursor.position) };
    await expect(pass(start, parts, stop.signal, ended)).rejects.toThrow('stop');
    expect(records - atStop).toBeLessThan(tooMuch.records);
    expect(confirmed).toBeLessThanOrEqual(records + 1);
    if (record.key !== 'audit' && record.messages?.length) expect(confirmed).toBe(records + 1);
  });
});
