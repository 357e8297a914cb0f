import { expect, test } from 'vitest';
import { encodeBatch } from '../../dev/writer/messageStore.js';
import { encodeFrame } from '../../dev/writer/tapeFrame.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered, type WrittenRecord } from '../support/ferry.js';

const server = sharedEmbeddedServer();
const first = '00000001-2013-10-15-093000.dat';

test.each(['in the last chunk', 'in an older chunk'])('A frame of 500 KiB %s is replicated', async (where) => {
  const ferry = await Ferry.open(server());
  const large: WrittenRecord = { messages: [['Large', `"${'x'.repeat(500 * 1024)}"`]] };
  await ferry.write(first, [...numbered(1, 2), large, ...numbered(4, 4)]);
  if (where === 'in an older chunk') await ferry.write('00000005-2013-10-15-103000.dat', numbered(5, 6));
  await ferry.run();
  expect(ferry.bodies().map((body) => body.length)).toEqual([
    ...[7, 7, 500 * 1024 + 2, 7],
    ...(where === 'in an older chunk' ? [7, 7] : []),
  ]);
});

test('Bodies, names, keys and attributes of any kind arrive as they are', async () => {
  const ferry = await Ferry.open(server());
  const key = 'k'.repeat(200);
  const bodies = [Buffer.from([0xff, 0xfe, 0x80]), Buffer.alloc(0), Buffer.from('{"N":9007199254740993}')];
  const contracts = ['A/B/Ç', '日本語/😀', 'plain'];
  const attributes: [string, string][] = [
    ['eventferry', 'mine'],
    ['$correlationId', 'c1'],
    ['twice', 'one'],
    ['twice', 'two'],
  ];
  const messages = contracts.map((contract, index) => ({ contract, body: bodies[index] ?? Buffer.alloc(0) }));
  await ferry.write(first, encodeFrame(1n, key, encodeBatch({ attributes, messages })));
  await ferry.run();
  expect(ferry.events().map(({ type }) => type)).toEqual(contracts);
  expect(ferry.events().map(({ data }) => data)).toEqual(bodies);
  expect(ferry.events().map(({ contentType }) => contentType)).toEqual([
    'application/octet-stream',
    'application/octet-stream',
    'application/json',
  ]);
  for (const { metadata } of ferry.events()) {
    const parsed = JSON.parse(metadata.toString()) as Record<string, unknown>;
    expect(Object.keys(parsed)).toEqual(['eventferry', 'attributes']);
    expect(parsed).toMatchObject({ eventferry: { key }, attributes });
  }
});
