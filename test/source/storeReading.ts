import { expect } from 'vitest';

import { beginning } from '../../src/core/cursor.js';
import type { SourceRecord } from '../../src/core/record.js';
import { parseChunkName } from '../../src/source/chunks/name.js';
import {
  fixtureStore,
  fixtureStores,
  type ExpectedMessage,
  type FixtureName,
  type FixtureStore,
} from '../support/stores/fixtureStores.js';
import { FakeClock } from '../support/fakeClock.js';
import { freshContainer, uploadChunk, uploadStore, writePages, type BlobKind } from '../support/stores/uploadStore.js';
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
  return Array.from(payload.messages, ({ contract, body }, index) => ({
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

export function expectedLines(messages: readonly ExpectedMessage[]): Line[] {
  return messages.map(({ storeVersion, key, payload, index, count, contract, body, attributes }) =>
    payload === undefined
      ? { storeVersion, key, index, count, contract, body, attributes }
      : { storeVersion, key, payload },
  );
}

export async function readStore(store: FixtureStore, kind: BlobKind, onDamage: 'stop' | 'skip' | 'salvage' = 'stop') {
  const container = await freshContainer();
  await uploadStore(container, store.chunks, kind);
  return readAll(openTapes(container, { onDamage }));
}

export function lines(records: readonly SourceRecord[]): Line[] {
  return records.flatMap(linesOf);
}

/** Stores where ours differs from the original reader on purpose, or that stop. */
const special: readonly FixtureName[] = [
  'iddd-torn-file/07-hash-last-byte',
  'v3-audit-func-file',
  'v3-prefix-disorder-file',
  'v3-torn-file/33-flip-payload',
];

/** Those that read as the original reader read them. */
export const ordinaryStores = fixtureStores.filter((name) => !special.includes(name));

/** A store reads as the original reader read it. */
export async function expectReading(name: FixtureName, kind: BlobKind): Promise<void> {
  const store = await fixtureStore(name);
  const { records, thrown } = await readStore(store, kind);
  expect(thrown).toBeUndefined();
  expect(lines(records)).toEqual(expectedLines(store.expected()));
}

/** A store reads the same after the original reader has truncated its chunks. */
export async function expectTruncatedReading(name: FixtureName): Promise<void> {
  const store = await fixtureStore(name, 'data-after-reader');
  const { records, thrown } = await readStore(store, 'page');
  expect(thrown).toBeUndefined();
  expect(lines(records)).toEqual(expectedLines(store.expected()));
}

/** Each frame is where the original reader saw it. */
export async function expectFrames(name: FixtureName): Promise<void> {
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
}

/** Page by page as a live writer leaves them, in the order of the chunks' times; each page write is one step. */
export async function follow(name: FixtureName, onDamage: 'stop' | 'skip') {
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

/** A store reads the same while it is written. */
export async function expectReadingWhileWritten(name: FixtureName): Promise<void> {
  const { store, records } = await follow(name, 'stop');
  expect(lines(records)).toEqual(expectedLines(store.expected()));
}
