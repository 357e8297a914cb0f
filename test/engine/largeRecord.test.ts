import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { describe, expect, onTestFinished, test } from 'vitest';

import { parseMark } from '../../src/convert/eventIdAndMark.js';
import { quarantinedType } from '../../src/convert/placeholder.js';
import { azuriteConnectionString, freshContainerName } from '../support/services/azurite.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered, tapeBytes } from '../support/ferry.js';
import { frameOf, type TapeRecord } from '../support/stores/tapeWriter.js';
import { decide, expectEqual } from '../verify/verifiedFerry.js';

const server = sharedEmbeddedServer();
const chunk = '00000001-2013-10-15-093000.dat';
const count = 600;
/** The third record makes twenty requests and more. */
const settings = { APPEND_BYTES: '65536' };

type Message = readonly [contract: string, body: Buffer];

function messages(replaced: readonly (readonly [index: number, message: Message])[] = []): Message[] {
  const all = Array.from({ length: count }, (_, n): Message => ['Part', Buffer.from(`{"n":${n}}`)]);
  for (const [index, message] of replaced) all[index] = message;
  return all;
}

/** A ferry whose third record is large; two small records stand before and behind it. */
async function openFerry(changed: Partial<TapeRecord> = {}, more: Record<string, string> = {}): Promise<Ferry> {
  const ferry = await Ferry.open(server(), { ...settings, ...more });
  const record = { key: 'func', attributes: [['a', 'x'.repeat(2_000)]] as const, messages: messages(), ...changed };
  await ferry.write(chunk, Buffer.concat([tapeBytes(numbered(1, 2)), frameOf(record), tapeBytes(numbered(4, 5))]));
  return ferry;
}

async function replicated(): Promise<{ ferry: Ferry; ids: string[] }> {
  const ferry = await openFerry();
  await ferry.run();
  const ids = idsOf(ferry);
  expect(ids).toHaveLength(4 + count);
  return { ferry, ids };
}

function idsOf(ferry: Ferry): string[] {
  return ferry.events().map(({ id }) => id);
}

async function blobsOf(container: ContainerClient): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of container.listBlobsFlat()) names.push(name);
  return names;
}

describe('A record whose events are made on demand', () => {
  test('A large record that a crash cut anywhere is finished where it was cut, each event once', async () => {
    const { ferry, ids } = await replicated();
    for (const last of [0, 26, 27, 28, count - 2]) {
      await server().truncateTo(ferry.stream, 2 + last);
      await ferry.run();
      expect(idsOf(ferry)).toEqual(ids);
    }
    await expectEqual(ferry);
  });

  test('A large record that a crash cut is finished also when its key is excluded and accepted since', async () => {
    const { ferry, ids } = await replicated();
    await server().truncateTo(ferry.stream, 300);
    const changed = { EXCLUDE_KEYS: 'func' };
    await expect(ferry.run(changed)).rejects.toMatchObject({ kind: 'SettingsChanged' });
    await decide(ferry, { kind: 'settings' }, changed);
    await ferry.run(changed);
    expect(idsOf(ferry)).toEqual(ids);
    await expectEqual(ferry, changed);
  });

  test('A run that is stopped inside a large record ends there, and the next run finishes the record', async () => {
    const ferry = await openFerry();
    const stop = new AbortController();
    let writes = 0;
    server().faults.onWrite = () => {
      if (++writes === 5) stop.abort();
      return 'none';
    };
    expect((await ferry.run({}, { stop: stop.signal })).end).toBe('stop-requested');
    const begun = ferry.events().map(({ metadata }) => parseMark(metadata));
    expect(begun.at(-1)).toMatchObject({ position: 3, count });
    expect(begun.length).toBeLessThan(count);
    expect((await ferry.row())?.cursor.position).toBe(3);
    server().faults.clear();
    await ferry.run();
    expect(ferry.events()).toHaveLength(4 + count);
    await expectEqual(ferry);
  });

  test.each(['dropBefore', 'dropAfter'] as const)(
    'An append that is lost inside a large record (%s) loses and doubles none of its events',
    async (fault) => {
      const ferry = await openFerry();
      let writes = 0;
      server().faults.onWrite = () => (++writes === 10 || writes === 15 ? fault : 'none');
      await ferry.run({}, { onOutage: 'wait' });
      expect(ferry.events()).toHaveLength(4 + count);
      await expectEqual(ferry);
    },
  );
});

describe('A record whose events are made on demand, one of them wrong', () => {
  test.each<[string, Message]>([
    ['Unconvertible', ['$reserved', Buffer.from('1')]],
    ['EventTooLarge', ['Large', Buffer.alloc(70_000, 'x')]],
  ])('Nothing of a large record is appended when its last message is %s', async (kind, message) => {
    const ferry = await openFerry({ messages: messages([[count - 1, message]]) });
    await expect(ferry.run()).rejects.toMatchObject({ kind, facts: { position: 3, index: count - 1 } });
    expect(ferry.bodies()).toEqual(['{"N":1}', '{"N":2}']);
  });

  test('A record that would repeat more than 1 GiB of attributes stops replication before it is appended', async () => {
    const attributes = [['a', 'x'.repeat(800_000)]] as const;
    const many = Array.from({ length: 1_500 }, (): Message => ['Part', Buffer.of(0x31)]);
    const ferry = await openFerry({ attributes, messages: many }, { APPEND_BYTES: '1048576' });
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'EventTooLarge', facts: { position: 3, count: 1_500 } });
    expect(ferry.bodies()).toEqual(['{"N":1}', '{"N":2}']);
  });

  test('A message of a large record is kept before anything of the record is appended, also after a crash', async () => {
    const name = freshContainerName('quarantine');
    const container = BlobServiceClient.fromConnectionString(azuriteConnectionString()).getContainerClient(name);
    onTestFinished(async () => void (await container.deleteIfExists()));
    const replaced = [
      [450, ['Large', Buffer.alloc(70_000, 'x')]],
      [count - 1, ['$reserved', Buffer.from('1')]],
    ] as const;
    const more = { ON_UNCONVERTIBLE: 'quarantine', QUARANTINE_CONTAINER: name };
    const ferry = await openFerry({ messages: messages(replaced) }, more);
    let keptBefore: Promise<string[]> | undefined;
    server().faults.onWrite = ({ expected }) => {
      if (expected === 1) keptBefore = blobsOf(container);
      return 'none';
    };
    await ferry.run();
    expect(await keptBefore).toHaveLength(2);
    const types = ferry.events().map(({ type }) => type);
    expect(types.flatMap((type, at) => (type === quarantinedType ? [at - 2] : []))).toEqual([450, count - 1]);
    const ids = idsOf(ferry);
    for (const blob of await blobsOf(container)) await container.deleteBlob(blob);
    await server().truncateTo(ferry.stream, 350);
    await ferry.run();
    expect(idsOf(ferry)).toEqual(ids);
    await expectEqual(ferry);
  });
});
