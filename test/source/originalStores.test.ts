import { describe, expect, test } from 'vitest';

import { Failure } from '../../src/errors.js';
import { beginning, type SourceRecord } from '../../src/record.js';
import { parseChunkName } from '../../src/source/chunkName.js';
import {
  fixtureStore,
  fixtureStores,
  type ExpectedMessage,
  type FixtureName,
  type FixtureStore,
} from '../support/fixtureStores.js';
import { FakeClock } from '../support/fakeClock.js';
import { freshContainer, uploadChunk, uploadStore, writePages, type BlobKind } from '../support/uploadStore.js';
import { never, openTapes, readAll } from './openTapes.js';

/** What is compared: one line a message, as the original reader gave it. */
interface Line {
  readonly storeVersion: number;
  readonly key: string;
  readonly payload?: string;
  readonly index?: number | undefined;
  readonly count?: number | undefined;
  readonly contract?: string | undefined;
  readonly body?: string | undefined;
  readonly attributes?: readonly (readonly [string, string])[] | undefined;
}

function linesOf(record: SourceRecord): Line[] {
  const { position: storeVersion, key, payload } = record;
  if (payload.kind === 'opaque') return [{ storeVersion, key, payload: base64(payload.bytes) }];
  return payload.messages.map(({ contract, body }, index) => ({
    storeVersion,
    key,
    index,
    count: payload.messages.length,
    contract: Buffer.from(contract).toString('utf8'),
    body: base64(body),
    attributes: payload.attributes,
  }));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function expectedLines(messages: readonly ExpectedMessage[]): Line[] {
  return messages.map(({ storeVersion, key, payload, index, count, contract, body, attributes }) =>
    payload === undefined
      ? { storeVersion, key, index, count, contract, body, attributes }
      : { storeVersion, key, payload },
  );
}

async function readStore(store: FixtureStore, kind: BlobKind, onDamage: 'stop' | 'skip' | 'salvage' = 'stop') {
  const container = await freshContainer();
  await uploadStore(container, store.chunks, kind);
  return readAll(openTapes(container, { onDamage }));
}

function lines(records: readonly SourceRecord[]): Line[] {
  return records.flatMap(linesOf);
}

/** Stores where ours differs from the original reader on purpose, or that stop. */
const special: readonly FixtureName[] = [
  'iddd-torn-file/07-hash-last-byte',
  'mixed-int32-varint-file',
  'v3-audit-func-file',
  'v3-prefix-disorder-file',
  'v3-torn-file/33-flip-payload',
];

describe('a store that the original code wrote', () => {
  const kinds = ['block', 'page'] as const;
  for (const name of fixtureStores.filter((one) => !special.includes(one))) {
    test.each(kinds)(`${name} reads as the original reader read it, from %s blobs`, async (kind) => {
      const store = await fixtureStore(name);
      const { records, thrown } = await readStore(store, kind);
      expect(thrown).toBeUndefined();
      expect(lines(records)).toEqual(expectedLines(store.expected()));
    });
  }

  test.each(['v3-torn-pageblob/05-payload', 'v3-torn-restart-pageblob', 'v3-small-json-crlf-pageblob'] as const)(
    '%s reads the same after the original reader has truncated its chunks',
    async (name) => {
      const store = await fixtureStore(name, 'data-after-reader');
      const { records, thrown } = await readStore(store, 'page');
      expect(thrown).toBeUndefined();
      expect(lines(records)).toEqual(expectedLines(store.expected()));
    },
  );

  test.each(fixtureStores)('%s has each frame where the original reader saw it', async (name) => {
    const store = await fixtureStore(name);
    const { records } = await readStore(store, 'block', 'skip');
    const frames = store.frames();
    if (frames.length === 0) return;
    expect(
      records.map(({ chunk, offset, frameBytes, position, stamp, key }) => ({
        chunk,
        offset,
        frameBytes,
        position,
        stamp,
        key,
      })),
    ).toEqual(
      frames.map(({ file, offset, length, storeVersion, stamp, key }) => ({
        chunk: file,
        offset,
        frameBytes: length,
        position: storeVersion,
        stamp: BigInt(stamp),
        key,
      })),
    );
  });

  test('audit and func records are given out, although the last original reader hid them', async () => {
    const store = await fixtureStore('v3-audit-func-file');
    const { records } = await readStore(store, 'page');
    expect(lines(records)).toEqual(expectedLines(store.expected('expected-with-audit.ndjson')));
    const shown = records.filter(({ key }) => key !== 'audit' && key !== 'func');
    expect(lines(shown)).toEqual(expectedLines(store.expected()));
  });

  test('a frame with a damaged hash is no record, although the int32 reader of files did not check it', async () => {
    const store = await fixtureStore('iddd-torn-file/07-hash-last-byte');
    const { records } = await readStore(store, 'block');
    expect(lines(records)).toEqual(expectedLines(store.expected().slice(0, -1)));
  });

  test('a store that changed eras gives its int32 chunks first, whatever the names say', async () => {
    const store = await fixtureStore('mixed-int32-varint-file');
    const { records, cursor } = await readStore(store, 'block');
    const int32 = expectedLines(store.expected('expected-by-int32-reader.ndjson'));
    const before = Math.max(...int32.map(({ storeVersion }) => storeVersion));
    const varint = expectedLines(store.expected('expected-by-varint-reader.ndjson')).map((line) => ({
      ...line,
      storeVersion: line.storeVersion + before,
    }));
    expect(lines(records)).toEqual([...int32, ...varint]);
    expect(cursor.memory?.eras).toEqual({
      int32Until: '00000041-2012-08-26-103258.dat',
      varintFrom: '00000000-2012-09-10-080000.dat',
    });
  });
});

describe('a store with a bad frame and valid ones behind it', () => {
  const damaged = [
    ['v3-torn-file/33-flip-payload', '00000151-2013-10-16-105311.dat'],
    ['v3-prefix-disorder-file', '00000001-2013-10-18-070000.dat'],
  ] as const;

  test.each(damaged)('%s stops at the bad frame with everything before it given out', async (name, chunk) => {
    const store = await fixtureStore(name);
    const { records, cursor, thrown } = await readStore(store, 'block');
    const hidden = store.frames().filter(({ file }) => file === chunk);
    const last = hidden.at(-1);
    const offset = (last?.offset ?? 0) + (last?.length ?? 0);
    expect(thrown).toBeInstanceOf(Failure);
    expect(thrown).toMatchObject({ kind: 'SourceCorrupt', facts: { chunk, offset } });
    expect(cursor).toMatchObject({ chunk, offset });
    const read = store.expected().filter(({ storeVersion }) => storeVersion < cursor.position);
    expect(lines(records)).toEqual(expectedLines(read));
  });

  test.each(damaged)('%s reads as the original reader read it when damage is skipped', async (name) => {
    const store = await fixtureStore(name);
    const { records, thrown, cursor } = await readStore(store, 'block', 'skip');
    expect(thrown).toBeUndefined();
    expect(lines(records)).toEqual(expectedLines(store.expected()));
    expect(cursor.memory?.passedOver?.chunks).toBe(1);
  });

  test('gives out what follows the bad frame when damage is salvaged', async () => {
    const intact = await readStore(await fixtureStore('v3-torn-file/00-intact'), 'block');
    const { records, thrown, cursor } = await readStore(
      await fixtureStore('v3-torn-file/33-flip-payload'),
      'block',
      'salvage',
    );
    expect(thrown).toBeUndefined();
    const kept = intact.records.filter(({ position }) => position !== 211);
    expect(records.map(({ chunk, offset }) => `${chunk} ${offset}`)).toEqual(
      kept.map(({ chunk, offset }) => `${chunk} ${offset}`),
    );
    expect(records.map(({ position }) => position)).toEqual(kept.map((_, index) => index + 1));
    expect(cursor.memory?.passedOver?.chunks).toBe(1);
  });
});

describe('a store that is followed while it is written', () => {
  /** Page by page as a live writer leaves them, in the order of the chunks' times; each page write is one step. */
  async function follow(name: FixtureName, onDamage: 'stop' | 'skip') {
    const store = await fixtureStore(name);
    const container = await freshContainer();
    const clock = FakeClock.flowing();
    const source = openTapes(container, { onDamage, clock, listAllSeconds: 5 });
    const records: SourceRecord[] = [];
    let cursor = beginning;
    const look = async () => {
      clock.advance(5_000);
      if (!(await source.poll(cursor, never))) return;
      const read = await readAll(source, cursor);
      records.push(...read.records);
      cursor = read.cursor;
      if (read.thrown) throw read.thrown as Error;
    };
    const byTime = [...store.chunks]
      .filter(([chunk]) => parseChunkName(chunk))
      .sort(([one], [other]) => (one.slice(9) < other.slice(9) ? -1 : 1));
    for (const [chunk, bytes] of byTime) {
      await uploadChunk(container, chunk, Buffer.alloc(bytes.length), 'page');
      await look();
      const used = bytes.subarray(0, 1 + bytes.findLastIndex((byte) => byte !== 0));
      const step = 512 * Math.max(1, Math.ceil(used.length / 512 / 6));
      for (let at = 0; at < used.length; at += step) {
        const pages = Buffer.alloc(Math.ceil(Math.min(step, used.length - at) / 512) * 512);
        used.copy(pages, 0, at, at + step);
        await writePages(container, chunk, at, pages);
        await look();
      }
    }
    return { store, records };
  }

  test.each([
    'era-2012-08-int32-file',
    'iddd-small-pageblob',
    'v3-duplicate-prefix-pageblob',
    'v3-multi-json-crlf',
    'v3-small-proto',
    'v3-torn-restart-file',
    'v3-torn-restart-pageblob',
  ] as const)('%s reads as it does when it is complete', async (name) => {
    const { store, records } = await follow(name, 'stop');
    expect(lines(records)).toEqual(expectedLines(store.expected()));
  });

  test('v3-prefix-disorder-file ends in SourceReordered when its last chunk appears before the one read last', async () => {
    await expect(follow('v3-prefix-disorder-file', 'skip')).rejects.toMatchObject({
      kind: 'SourceReordered',
      facts: { chunk: '00000014-2013-10-18-103846.dat' },
    });
  });
});
