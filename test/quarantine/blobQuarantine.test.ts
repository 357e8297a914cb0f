import { BlobServiceClient } from '@azure/storage-blob';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BlobQuarantine } from '../../src/quarantine/blobQuarantine.js';
import { parseSetAside, setAsideJson } from '../../src/quarantine/document.js';
import type { Kept } from '../../src/quarantine/quarantine.js';
import type { SetAside } from '../../src/core/record.js';
import { azuriteConnectionString, freshContainerName } from '../support/services/azurite.js';

const live = new AbortController().signal;

const message: SetAside = {
  name: 'sample/000000000007-00001-0123456789abcdef.json',
  source: 'sample',
  position: 7,
  index: 1,
  count: 2,
  key: 'клиент:😀',
  stamp: -1n,
  sha1: '0123456789abcdef0123456789abcdef01234567',
  chunk: '00000001-2013-10-15-093000.dat',
  offset: 42,
  kind: 'Unconvertible',
  reason: 'its type "日本" is not one',
  contract: Buffer.from('A/Ç'),
  attributes: [
    ['utc', '2013'],
    ['utc', ''],
  ],
  body: Buffer.from([0, 255, 128]),
};

function freshQuarantine() {
  const service = BlobServiceClient.fromConnectionString(azuriteConnectionString());
  const container = service.getContainerClient(freshContainerName('quarantine'));
  onTestFinished(async () => void (await container.deleteIfExists()));
  return { container, quarantine: new BlobQuarantine(container, 'sample') };
}

async function all(list: AsyncIterable<Kept>): Promise<Kept[]> {
  const kept: Kept[] = [];
  for await (const one of list) kept.push(one);
  return kept;
}

test('Quarantine is empty before the first message, though there is no container', async () => {
  const { quarantine } = freshQuarantine();
  expect(await all(quarantine.list(live))).toEqual([]);
  expect(await quarantine.read(message.name, live)).toBeUndefined();
});

test('A message in quarantine comes back as it was, however often it is kept', async () => {
  const { quarantine, container } = freshQuarantine();
  for (const attempt of [1, 2, 3])
    await quarantine.keep({ ...message, reason: `${message.reason} (${attempt})` }, live);
  expect(await quarantine.read(message.name, live)).toEqual({ ...message, reason: `${message.reason} (1)` });
  expect(await all(quarantine.list(live))).toEqual([
    { name: message.name, position: 7, index: 1, kind: 'Unconvertible', reason: `${message.reason} (1)`, bytes: 3 },
  ]);
  expect((await container.getBlobClient(message.name).getProperties()).contentType).toBe('application/json');
});

test('Messages in quarantine are listed in the order of positions, without those of other sources and other blobs', async () => {
  const { quarantine, container } = freshQuarantine();
  for (const position of [100, 20, 3]) {
    const name = `sample/${String(position).padStart(12, '0')}-00000-x.json`;
    await quarantine.keep({ ...message, name, position, index: 0 }, live);
  }
  await new BlobQuarantine(container, 'sample-2').keep({ ...message, name: 'sample-2/1.json' }, live);
  await container.getBlockBlobClient('sample/readme').upload('x', 1);
  expect((await all(quarantine.list(live))).map(({ position }) => position)).toEqual([3, 20, 100]);
});

test('A blob that someone changed is not taken for the message in quarantine', async () => {
  const { quarantine, container } = freshQuarantine();
  await quarantine.keep(message, live);
  const other = setAsideJson({ ...message, body: Buffer.from('other') });
  await container.getBlockBlobClient(message.name).upload(other, other.length);
  await expect(quarantine.keep(message, live)).rejects.toMatchObject({
    kind: 'QuarantineUnreachable',
    policy: 'wait',
  });
  await container.getBlockBlobClient(message.name).upload('{}', 2);
  expect(await quarantine.read(message.name, live)).toBeUndefined();
});

test('A storage that refuses the quarantine is an outage that names container and account, and no secret', async () => {
  const refused = new BlobServiceClient('http://127.0.0.1:1/devstoreaccount1', undefined, {
    retryOptions: { maxTries: 1 },
  });
  const quarantine = new BlobQuarantine(refused.getContainerClient('kept'), 'sample');
  const asks = [
    () => quarantine.keep(message, live),
    () => all(quarantine.list(live)),
    () => quarantine.read('a', live),
  ];
  for (const ask of asks) {
    const failure = (await ask().catch((error: unknown) => error)) as Error;
    expect(failure).toMatchObject({ kind: 'QuarantineUnreachable' });
    expect(failure.message).toContain('Container kept of account devstoreaccount1');
  }
});

describe('the JSON of a message', () => {
  test('The JSON of a message keeps names that are not UTF-8, and payloads without a name', () => {
    const odd = { ...message, contract: Buffer.from([0xff, 0x00]) };
    expect(parseSetAside(setAsideJson(odd))).toEqual(odd);
    const { contract, ...opaque } = message;
    expect(contract).toBeDefined();
    expect(parseSetAside(setAsideJson(opaque))).toEqual(opaque);
  });

  test('The JSON of a message is refused with a message when a newer version wrote it', () => {
    const newer = setAsideJson(message).toString().replace('"v":1', '"v":2');
    expect(() => parseSetAside(Buffer.from(newer))).toThrow(expect.objectContaining({ kind: 'NewerSchema' }) as Error);
  });
});
