import type { ContainerClient } from '@azure/storage-blob';
import { expect, test } from 'vitest';
import { azuriteConnectionString } from '../../support/services/azurite.js';
import { FakeClock } from '../../support/fakeClock.js';
import { storageProxy } from '../../support/faults/storageProxy.js';
import { numberedRecords, tapeOf } from '../../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk } from '../../support/stores/uploadStore.js';
import { never, openTapes, readAll } from '../openTapes.js';

const first = '00000000-2013-10-15-093000.dat';
const second = '00000004-2013-10-15-103000.dat';

async function withProxy() {
  const container = await freshContainer();
  return { container, proxy: await storageProxy(container, azuriteConnectionString()) };
}

/** A page blob of zeros with these bytes at its start. */
async function write(container: ContainerClient, name: string, ...bytes: Buffer[]): Promise<void> {
  const frames = Buffer.concat(bytes);
  await uploadChunk(container, name, Buffer.concat([frames, Buffer.alloc(512 * 1024 - frames.length)]), 'page');
}

const positionsOf = ({ records }: Awaited<ReturnType<typeof readAll>>) => records.map(({ position }) => position);

test('A reading makes no call for the last chunk when a listing made since shows the version whose end is known', async () => {
  const { container, proxy } = await withProxy();
  await write(container, first, tapeOf(numberedRecords(1, 3)));
  const clock = FakeClock.flowing();
  const source = openTapes(proxy.container, { clock });
  const { cursor } = await readAll(source);
  clock.advance(4_000);
  await source.isEmpty(never);
  proxy.taken();
  expect(positionsOf(await readAll(source, cursor))).toEqual([]);
  expect(proxy.taken().filter(({ about }) => about !== 'list')).toEqual([]);
});

test('A reading finds what the last chunk gained when a listing made since shows another version than the known one', async () => {
  const { container } = await withProxy();
  await write(container, first, tapeOf(numberedRecords(1, 3)));
  const source = openTapes(container, { clock: FakeClock.flowing() });
  const { cursor } = await readAll(source);
  await write(container, first, tapeOf(numberedRecords(1, 5)));
  await source.isEmpty(never);
  expect(positionsOf(await readAll(source, cursor))).toEqual([4, 5]);
});

test('Waiting for a torn frame reads no byte again while the chunk stays as it is', async () => {
  const { container, proxy } = await withProxy();
  await write(container, first, tapeOf(numberedRecords(1, 4)).subarray(0, -7));
  await write(container, second, tapeOf(numberedRecords(5, 6)));
  let waits = 0;
  proxy.tampering.headers = (_, headers) => {
    headers.date = new Date(Date.parse(headers['last-modified'] ?? headers.date ?? '') + 30_000 * waits).toUTCString();
  };
  const clock = FakeClock.flowing((count) => {
    if (count === 1) proxy.taken();
    waits = count;
  });
  expect(positionsOf(await readAll(openTapes(proxy.container, { clock, settleSeconds: 60 })))).toEqual([1, 2, 3, 4, 5]);
  const looks = proxy.taken().filter(({ about }) => about === first);
  expect(looks.map(({ status }) => status)).toEqual([304, 304]);
});

test('ON_DAMAGE=salvage reads on behind a hole of zeros in the last chunk', async () => {
  const { container, proxy } = await withProxy();
  const clock = FakeClock.flowing();
  const source = openTapes(proxy.container, { clock, onDamage: 'salvage' });
  const tape = tapeOf(numberedRecords(1, 3));
  const zeros = Buffer.alloc(200 * 1024);
  await write(container, first, tape);
  const { cursor } = await readAll(source);
  await write(container, first, tape, zeros, tapeOf(numberedRecords(4, 5)));
  expect(positionsOf(await readAll(source, cursor))).toEqual([]);
  clock.advance(5_000);
  const few = new AbortController();
  proxy.tampering.before = () => {
    if (proxy.calls.length > 50) few.abort();
  };
  const positions: number[] = [];
  for await (const batch of source.read(cursor, few.signal)) {
    for (const { position } of batch.records) positions.push(position);
    expect(batch.cursor.memory?.passedOver).toEqual({ chunks: 1, bytes: zeros.length });
  }
  expect(positions).toEqual([4, 5]);
});
