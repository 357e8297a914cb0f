import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseMark } from '../../src/convert/eventIdAndMark.js';
import { placeholderFacts, quarantinedType } from '../../src/convert/placeholder.js';
import type { VerifyReport } from '../../src/verify/stream.js';
import { azuriteConnectionString, freshContainerName } from '../support/services/azurite.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered, type WrittenRecord } from '../support/ferry.js';
import { rewriteStream } from '../support/rewriteStream.js';

const server = sharedEmbeddedServer();
const chunk = '00000001-2013-10-15-093000.dat';
const live = new AbortController().signal;
const large = 'x'.repeat(70_000);

/** Of its three messages the second is too large and the third has no usable type. */
const odd: WrittenRecord = {
  key: 'customer-7',
  messages: [
    ['Small', '1'],
    ['Large', large],
    ['$reserved', Buffer.from([0, 255])],
  ],
};

/** A ferry whose third record holds messages that cannot become events, and the container that keeps them. */
async function openBoth(): Promise<{ ferry: Ferry; container: ContainerClient }> {
  const name = freshContainerName('quarantine');
  const ferry = await Ferry.open(server(), {
    APPEND_BYTES: '65536',
    ON_UNCONVERTIBLE: 'quarantine',
    QUARANTINE_CONTAINER: name,
  });
  const container = BlobServiceClient.fromConnectionString(azuriteConnectionString()).getContainerClient(name);
  onTestFinished(async () => void (await container.deleteIfExists()));
  await ferry.write(chunk, [...numbered(1, 2), odd, ...numbered(4, 5)]);
  return { ferry, container };
}

async function open(): Promise<Ferry> {
  return (await openBoth()).ferry;
}

function verify(ferry: Ferry, settings: Record<string, string> = {}): Promise<VerifyReport> {
  return ferry.replicator(settings).verify({ stop: live });
}

/** What is kept, the bodies as Latin-1. */
async function kept(ferry: Ferry) {
  const { quarantine } = ferry.replicator();
  if (!quarantine) throw new Error('there is no quarantine');
  const messages = [];
  for await (const { name } of quarantine.list(live)) {
    const message = (await quarantine.read(name, live)) ?? expect.fail(`${name} is gone`);
    // As text: to compare a million bytes one by one takes long.
    messages.push({ ...message, body: Buffer.from(message.body).toString('latin1') });
  }
  return messages;
}

describe('with ON_UNCONVERTIBLE=quarantine', () => {
  test('With ON_UNCONVERTIBLE=quarantine, a message that cannot become an event is kept whole, and an event that says so takes its place', async () => {
    const ferry = await open();
    await ferry.run();
    expect(ferry.events().map(({ type }) => type)).toEqual([
      ...['Numbered', 'Numbered', 'Small', quarantinedType, quarantinedType, 'Numbered', 'Numbered'],
    ]);
    const [first, second] = ferry.events().slice(3, 5).map(placeholderFacts);
    expect(first).toMatchObject({ kind: 'EventTooLarge', reason: expect.stringContaining('65536') as string });
    expect(second).toMatchObject({ kind: 'Unconvertible', reason: expect.stringContaining('starts with $') as string });
    const marks = ferry.events().map(({ metadata }) => JSON.parse(metadata.toString()) as Record<string, unknown>);
    expect(marks[3]).toMatchObject({
      eventferry: { position: 3, index: 1, count: 3, quarantined: true },
      attributes: [],
    });
    expect(marks[5]).toMatchObject({ eventferry: { position: 4 } });

    expect(await kept(ferry)).toMatchObject([
      {
        name: first?.blob,
        position: 3,
        index: 1,
        key: 'customer-7',
        contract: Buffer.from('Large'),
        body: large,
      },
      { name: second?.blob, position: 3, index: 2, contract: Buffer.from('$reserved'), body: '\u0000\u00ff' },
    ]);
    expect(ferry.logger.events('warn').filter((event) => event === 'message-set-aside')).toHaveLength(2);
  });

  test('A message is kept in quarantine before the event that stands for it is appended', async () => {
    const ferry = await open();
    const seen: Promise<number>[] = [];
    server().faults.onWrite = () => {
      seen.push(kept(ferry).then((messages) => messages.length));
      return 'none';
    };
    await ferry.run();
    expect((await Promise.all(seen)).at(-1)).toBe(2);
    expect(ferry.events()).toHaveLength(7);

    server().faults.onWrite = () => 'notReady';
    const other = await open();
    await expect(other.run()).rejects.toMatchObject({ policy: 'wait' });
    expect(other.events()).toEqual([]);
    expect(await kept(other)).toHaveLength(2);
  });

  test('Status counts the messages in quarantine', async () => {
    const ferry = await open();
    expect((await ferry.replicator().status(live)).quarantine).toMatchObject({ messages: 0 });
    await ferry.run();
    const { quarantine, warnings, healthy } = await ferry.replicator().status(live);
    expect(quarantine).toMatchObject({ messages: 2 });
    expect(warnings.join()).toContain('2 messages are kept in container');
    expect(healthy).toBe(true);
  });

  test('A crash anywhere in a record with a message in quarantine leads to the same stream and the same blobs', async () => {
    const { ferry, container } = await openBoth();
    await ferry.run();
    const [events, messages] = [ferry.events(), await kept(ferry)];
    for (const revision of [1, 2, 3, 4]) {
      await server().truncateTo(ferry.stream, revision);
      for (const { name, index } of messages) if (2 + index > revision) await container.deleteBlob(name);
      await ferry.run({ CHECKPOINT_TABLE: `${ferry.table}other` });
      expect(ferry.events()).toEqual(events);
      expect(await kept(ferry)).toEqual(messages);
    }
  });

  test('A message that cannot be kept in quarantine is an outage, and nothing is appended behind it', async () => {
    const { ferry, container } = await openBoth();
    await ferry.run();
    const events = ferry.events();
    const [, second] = await kept(ferry);
    await container.getBlockBlobClient(second?.name ?? '').upload('someone else was here', 21);
    await server().truncateTo(ferry.stream, 1);
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'QuarantineUnreachable', policy: 'wait' });
    expect(ferry.events()).toHaveLength(2);
    await container.deleteBlob(second?.name ?? '');
    await ferry.run();
    expect(ferry.events()).toEqual(events);
  });

  test('ON_UNCONVERTIBLE=quarantine ends the stop, and can be undone', async () => {
    const ferry = await open();
    await expect(ferry.run({ ON_UNCONVERTIBLE: 'stop' })).rejects.toMatchObject({ kind: 'Unconvertible' });
    expect(ferry.events()).toHaveLength(2);
    await ferry.run();
    expect(ferry.events()).toHaveLength(7);
    await ferry.write(chunk, [...numbered(1, 2), odd, ...numbered(4, 6)]);
    await ferry.run({ ON_UNCONVERTIBLE: 'stop' });
    expect(ferry.events()).toHaveLength(8);
    expect(await verify(ferry, { ON_UNCONVERTIBLE: 'stop' })).toMatchObject({
      equal: true,
      events: { quarantined: 2 },
    });
  });

  test('A record whose key is larger than one append is set aside too: its placeholder holds the beginning of the key', async () => {
    const { ferry } = await openBoth();
    const key = 'k'.repeat(70_000);
    await ferry.write(chunk, [...numbered(1, 2), { ...odd, key }, ...numbered(4, 5)]);
    await ferry.run();
    expect(ferry.events().map(({ type }) => type)).toEqual([
      ...['Numbered', 'Numbered', quarantinedType, quarantinedType, quarantinedType, 'Numbered', 'Numbered'],
    ]);
    const marks = ferry.events().map(({ metadata }) => parseMark(metadata));
    for (const mark of marks.slice(2, 5)) {
      expect(mark).toMatchObject({ key: `${'k'.repeat(997)}...`, keyCut: true, quarantined: true });
    }
    for (const message of await kept(ferry)) expect(message.key === key).toBe(true);
    expect(await verify(ferry)).toMatchObject({ equal: true, events: { equal: 7, quarantined: 3 } });
    await server().truncateTo(ferry.stream, 3);
    await ferry.run();
    expect(await verify(ferry)).toMatchObject({ equal: true, events: { equal: 7, quarantined: 3 } });
  });
});

describe('verify knows what was set aside', () => {
  test('Verify finds a stream equal in which messages were set aside', async () => {
    const ferry = await open();
    await ferry.run();
    expect(await verify(ferry)).toMatchObject({ equal: true, events: { equal: 7, quarantined: 2 } });
  });

  test('Verify finds a placeholder equal that an earlier version wrote, with a long key whole in its mark', async () => {
    const { ferry } = await openBoth();
    const key = 'k'.repeat(5_000);
    await ferry.write(chunk, [...numbered(1, 2), { ...odd, key }]);
    await ferry.run();
    const change = (from: string, to: string) =>
      rewriteStream(ferry, (events) => {
        for (const [at, event] of events.entries()) {
          const metadata = Buffer.from(event.metadata.toString().replace(from, to));
          events[at] = { ...event, metadata };
        }
      });
    await change(`"key":"${'k'.repeat(997)}..."`, `"key":"${key}"`);
    expect((await verify(ferry)).differences.byKind).toEqual({ 'changed-mark': 2 });
    await change(',"keyCut":true', '');
    expect(await verify(ferry)).toMatchObject({ equal: true, events: { equal: 5, quarantined: 2 } });
  });

  test('Verify reports a message in quarantine whose blob is gone or changed', async () => {
    const { ferry, container } = await openBoth();
    await ferry.run();
    const [first, second] = (await kept(ferry)).map(({ name }) => name);
    await container.deleteBlob(first ?? '');
    await container.getBlockBlobClient(second ?? '').upload('{}', 2);
    const { differences } = await verify(ferry);
    expect(differences.byKind).toEqual({ quarantine: 2 });
    expect(differences.first).toMatchObject([
      { position: 3, index: 1, revision: 3 },
      { position: 3, index: 2, revision: 4 },
    ]);
  });
});
