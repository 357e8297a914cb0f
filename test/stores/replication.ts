import { expect } from 'vitest';
import type { Environment } from '../../src/config/config.js';
import type { Failure, FailureKind } from '../../src/core/failure.js';
import type { EventStoreServer } from '../../dev/eventstore/eventStoreServer.js';
import { Ferry } from '../support/ferry.js';
import {
  fixtureStore,
  mixedStore,
  type ExpectedMessage,
  type FixtureName,
  type FixtureStore,
} from '../support/stores/fixtureStores.js';
import { FakeClock } from '../support/fakeClock.js';
import { uploadStore, writePages, type BlobKind } from '../support/stores/uploadStore.js';
import { namedExpected, namedStored } from './expectations.js';

/** What the reader of each date showed: until April 2013 every key, later neither `audit` nor `func`. */
const showsEveryKey = /^(era-|iddd-)/;
/** Bad frames with valid ones behind them: the original reader passes over the rest of the chunk. */
const damaged: readonly FixtureName[] = ['v3-prefix-disorder-file', 'v3-torn-file/33-flip-payload'];

function settingsFor(name: FixtureName): Environment {
  return {
    EXCLUDE_KEYS: showsEveryKey.test(name) ? '' : 'audit,func',
    ...(damaged.includes(name) && { ON_DAMAGE: 'skip' }),
  };
}

/** What the original reader returned, but for where ours differs on purpose. */
function expectedOf(name: FixtureName, store: FixtureStore): ExpectedMessage[] {
  // The file reader of 2012 checks no hash, so it returned a last record whose hash is cut; ours takes it as torn.
  if (name === 'iddd-torn-file/07-hash-last-byte') return store.expected().slice(0, -1);
  return store.expected();
}

function expectEqual(ferry: Ferry, expected: readonly ExpectedMessage[]): void {
  expect(ferry.events().map(namedStored)).toEqual(expected.map(namedExpected));
}

function kindOf(name: FixtureName): BlobKind {
  return name.includes('pageblob') ? 'page' : 'block';
}

/** A store that is there as a whole arrives as the original reader returned it. */
export async function expectArrival(server: EventStoreServer, name: FixtureName): Promise<void> {
  const store = await fixtureStore(name);
  const ferry = await Ferry.open(server, settingsFor(name));
  await uploadStore(ferry.container, store.chunks, kindOf(name));
  await ferry.run();
  expectEqual(ferry, expectedOf(name, store));
}

/** The same after the original reader has truncated the chunks. */
export async function expectTruncatedArrival(server: EventStoreServer, name: FixtureName): Promise<void> {
  const store = await fixtureStore(name, 'data-after-reader');
  const ferry = await Ferry.open(server, settingsFor(name));
  await uploadStore(ferry.container, store.chunks, 'page');
  await ferry.run();
  expectEqual(ferry, expectedOf(name, store));
}

/** The same with the records of every key, where the last original reader hid some. */
export async function expectArrivalOfEveryKey(server: EventStoreServer, name: FixtureName): Promise<void> {
  const store = await fixtureStore(name);
  const ferry = await Ferry.open(server, { EXCLUDE_KEYS: '' });
  await uploadStore(ferry.container, store.chunks, 'block');
  await ferry.run();
  expectEqual(ferry, store.expected('expected-with-audit.ndjson'));
}

/** Stores with a bad frame, and where it stands. */
export const damagedStores: readonly (readonly [FixtureName, chunk: string, offset: number])[] = [
  ['v3-prefix-disorder-file', '00000001-2013-10-18-070000.dat', 3711],
  ['v3-torn-file/33-flip-payload', '00000151-2013-10-16-105311.dat', 33941],
];

/** A damaged store stops, with everything before the damage replicated. */
export async function expectStop(
  server: EventStoreServer,
  name: FixtureName,
  chunk: string,
  offset: number,
): Promise<void> {
  const store = await fixtureStore(name);
  const ferry = await Ferry.open(server, { ...settingsFor(name), ON_DAMAGE: 'stop' });
  await uploadStore(ferry.container, store.chunks, 'block');
  const failure = await ferry.run().then(
    () => expect.fail('it did not stop'),
    (error: Failure) => error,
  );
  expect(failure).toMatchObject({ kind: 'SourceCorrupt', facts: { chunk, offset } });
  const before = store
    .frames()
    .filter((frame) => `${frame.file}` < chunk || (frame.file === chunk && frame.offset < offset));
  const last = before.at(-1)?.storeVersion ?? 0;
  expectEqual(
    ferry,
    store.expected().filter(({ storeVersion }) => storeVersion <= last),
  );
}

/** A store of both variants stops, with everything replicated that stands before the first frame of the second. */
export async function expectStopOfMixed(server: EventStoreServer): Promise<void> {
  const store = await fixtureStore(mixedStore);
  const ferry = await Ferry.open(server, { EXCLUDE_KEYS: '' });
  await uploadStore(ferry.container, store.chunks, 'block');
  await expect(ferry.run()).rejects.toMatchObject({
    kind: 'SourceMixed',
    facts: { chunk: '00000000-2012-09-10-080000.dat', firstChunk: '00000000-2012-08-26-080000.dat' },
  });
  expectEqual(
    ferry,
    store.expected('expected-by-int32-reader.ndjson').filter(({ storeVersion }) => storeVersion === 1),
  );
}

/** A moment in the life of a container: what was written next. */
type Step = (ferry: Ferry) => Promise<void>;

/** Chunks in the order in which they were begun, which the time in their names tells. */
function inWriteOrder(chunks: ReadonlyMap<string, Buffer>): [string, Buffer][] {
  const time = (name: string): string => name.slice(name.indexOf('-') + 1);
  return [...chunks].sort(([one], [other]) => (time(one) < time(other) ? -1 : 1));
}

export function chunkByChunk(chunks: ReadonlyMap<string, Buffer>): Step[] {
  return inWriteOrder(chunks).map(
    (chunk) => (ferry) => uploadStore(ferry.container, [chunk], /\.dat$/.test(chunk[0]) ? 'page' : 'block'),
  );
}

/** Each chunk is made whole and empty, as the original does, and fills up by a few pages at a time. */
export function pageByPage(chunks: ReadonlyMap<string, Buffer>): Step[] {
  return inWriteOrder(chunks).flatMap(([name, bytes]) => {
    const padded = Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
    const create: Step = async ({ container }) => {
      await container.getPageBlobClient(name).create(padded.length);
    };
    const stride = Math.max(512, Math.ceil(usedBytes(padded) / 5 / 512) * 512 + 512);
    const steps: Step[] = [create];
    for (let at = 0; at < usedBytes(padded); at += stride) {
      steps.push(({ container }) => writePages(container, name, at, padded.subarray(at, at + stride)));
    }
    return steps;
  });
}

function usedBytes(bytes: Buffer): number {
  let used = bytes.length;
  while (used > 0 && bytes[used - 1] === 0) used--;
  return used;
}

/** A run that goes on while the steps happen, one whenever it is idle; ends when it has been idle after the last. */
async function follow(ferry: Ferry, steps: readonly Step[]): Promise<void> {
  const stop = new AbortController();
  const waiting = [...steps];
  let idle = 0;
  const clock = FakeClock.flowing(async () => {
    const step = waiting.shift();
    if (step) await step(ferry);
    else if (++idle > 3) stop.abort();
  });
  const replicator = ferry.replicator({ IDLE_POLL_MS: '5000' }, clock);
  await replicator.run({ stop: stop.signal, whenCaughtUp: 'wait', onOutage: 'fail' });
}

const skippedStops: Partial<Record<FixtureName, FailureKind>> = {
  [mixedStore]: 'SourceMixed',
  'v3-prefix-disorder-file': 'SourceReordered',
};

/** A store that is written while it is followed arrives as one that was there as a whole, or stops for a known reason. */
export async function expectArrivalWhileWritten(
  server: EventStoreServer,
  name: FixtureName,
  stepsOf: (chunks: ReadonlyMap<string, Buffer>) => Step[],
): Promise<void> {
  const store = await fixtureStore(name);
  const ferry = await Ferry.open(server, settingsFor(name));
  const following = follow(ferry, stepsOf(store.chunks));
  const kind = skippedStops[name];
  if (kind) return expect(following).rejects.toMatchObject({ kind });
  await following;
  expectEqual(ferry, expectedOf(name, store));
}
