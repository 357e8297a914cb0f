import { describe, expect, test } from 'vitest';

import { auditJournal, isExact, type Audit } from '../../dev/journalAudit.js';
import type { JournalEntry } from '../../dev/writer/journal.js';
import { formattedBody } from '../../dev/writer/serviceStackJson.js';
import { encodeBatch } from '../../dev/writer/messageStore.js';
import { encodeFrame, hashOf } from '../../dev/writer/tapeFrame.js';
import { loadConfig } from '../../src/config/config.js';
import { createConvert } from '../../src/convert/convert.js';
import { linkAfter } from '../../src/convert/eventIdAndMark.js';
import { noEvent, type Mark } from '../../src/core/mark.js';
import type { SourceRecord } from '../../src/core/record.js';
import type { StoredEvent } from '../../src/target/target.js';

const chunk = '00000001-2013-10-13-200514.dat';
const broken = '{"Note":"a, {b}","Price":12.50}';

/** Commits and what became of them: one with two events, a command, one without events, an unheard one, one more. */
const journal = [
  entry('customer:1', 0, ['{"Id":9007199254740993}', broken]),
  entry('audit', 300, ['{}']),
  entry('order:1', 400, []),
  entry('order:1', 500, ['{"Id":1}', '{"Id":2}'], false),
  entry('payment:1', 900, ['\n\n0000000001\u0010\u0001']),
];

describe('the journal audit', () => {
  test('The journal audit finds nothing wrong with a stream that holds what was acknowledged, once and in order', async () => {
    const audit = await auditOf(stream());
    expect(audit).toMatchObject({
      records: 4,
      unacknowledged: 1,
      events: 5,
      bytes: stream().reduce((sum, { data }) => sum + data.length, 0),
      findings: [],
    });
    expect(isExact(audit)).toBe(true);
  });

  test('The journal audit allows an unacknowledged commit to be absent, and then the position behind it is one less', async () => {
    const audit = await auditOf(stream(without(3)));
    expect(audit).toMatchObject({ unacknowledged: 0, events: 3 });
    expect(isExact(audit)).toBe(true);
  });

  test('The journal audit allows an unacknowledged command to be there or not: only the position behind it says so', async () => {
    const unheard = journal.with(1, { ...at(journal, 1), acknowledged: false });
    for (const landed of [unheard, without(1)]) expect(isExact(await auditOf(stream(landed), unheard))).toBe(true);
    const moved = [...stream().slice(0, 4), ...eventsOf(at(journal, 4), 6)];
    await finds(['changed-id', 'changed-mark', 'changed-mark'], moved, unheard);
  });

  test('The journal audit finds an event that is there twice', async () => {
    const events = stream();
    await finds(['doubled'], [...events, ...events.slice(-1)]);
    await finds(['doubled'], [...events.slice(0, 1), ...events]);
  });

  test('The journal audit finds an event that is missing, at the end and inside a commit, acknowledged or not', async () => {
    await finds(['missing'], stream().slice(0, -1));
    await finds(['missing'], stream().toSpliced(1, 1));
    await finds(['missing'], stream().toSpliced(3, 1));
    await finds(['missing', 'missing', 'missing'], []);
  });

  test('The journal audit finds an event that stands behind a later one', async () => {
    const [first, second, third, ...rest] = stream();
    await finds(['reordered'], [second, first, third, ...rest].filter(present));
    await finds(['reordered'], [first, third, second, ...rest].filter(present));
  });

  test('The journal audit finds data that differs in one byte, is longer, or is empty', async () => {
    for (const index of stream().keys())
      for (const change of [flipped, longer, () => Buffer.alloc(0)])
        await finds(['changed-data'], changed(index, change));
  });

  test('The journal audit finds JSON that was parsed and printed again', async () => {
    await finds(
      ['changed-data'],
      changed(0, () => Buffer.from('{"Id":9007199254740992}')),
    );
    await finds(
      ['changed-data'],
      changed(1, (data) => Buffer.from(JSON.stringify(JSON.parse(data.toString())))),
    );
  });

  test('The journal audit finds another type, another id, and a content type that says JSON of what is none', async () => {
    await finds(['changed-type'], stream().with(0, { ...at(stream(), 0), type: 'Shop/Other' }));
    await finds(['changed-id'], stream().with(0, { ...at(stream(), 0), id: at(stream(), 1).id }));
    await finds(['changed-content-type'], stream().with(4, { ...at(stream(), 4), contentType: 'application/json' }));
  });

  test('The journal audit finds a mark with another key, count or position', async () => {
    for (const change of [{ key: 'customer:2' }, { count: 1 }, { position: 2 }])
      await finds(['changed-mark'], stream().with(0, withMark(at(stream(), 0), change)));
  });

  test('The journal audit finds events that no commit explains: no mark, another place, an excluded key', async () => {
    for (const metadata of ['', '{}', 'no JSON'])
      await finds(['foreign'], [...stream(), { ...at(stream(), 0), metadata: Buffer.from(metadata) }]);
    await finds(['doubled'], [...stream(), ...eventsOf({ ...at(journal, 0), offset: 301 }, 6).slice(1)]);
    await finds(['doubled'], [...stream(), ...eventsOf({ ...at(journal, 0), chunk: 'other.dat' }, 6).slice(1)]);
    await finds(['foreign'], stream(journal, []));
  });
});

/** Expects these differences, and says so of the stream. */
async function finds(kinds: readonly string[], events: readonly StoredEvent[], written = journal): Promise<void> {
  const audit = await auditOf(events, written);
  const found = Object.entries(audit.differences).flatMap(([kind, count]) => Array<string>(count).fill(kind));
  expect(found.sort(), audit.findings.join('\n')).toEqual([...kinds].sort());
  expect(audit.findings).toHaveLength(kinds.length);
  expect(isExact(audit)).toBe(false);
}

function auditOf(events: readonly StoredEvent[], written: readonly JournalEntry[] = journal): Promise<Audit> {
  return auditJournal(written, events, conversion());
}

function conversion(excludeKeys: readonly string[] = ['audit']) {
  const { convert } = loadConfig({
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
    SOURCE_CONTAINER: 'shop-tapes',
    EVENTSTORE_CONNECTION_STRING: 'esdb://127.0.0.1:2113?tls=false',
  }).config;
  return { ...convert, excludeKeys };
}

function entry(key: string, offset: number, texts: readonly string[], acknowledged = true): JournalEntry {
  const messages = texts.map((text) => ({ contract: `Shop/${key}`, body: storedBody(text) }));
  const frame = encodeFrame(1n, key, encodeBatch({ attributes: [], messages }));
  return {
    ...{ key, chunk, offset, acknowledged, attributes: [], stamp: 1 },
    frameBytes: frame.length,
    sha1: hashOf(frame).toString('hex'),
    messages: messages.map(({ contract, body }) => ({ contract, body: body.toString('base64') })),
  };
}

function storedBody(text: string): Buffer {
  return text.startsWith('{') ? formattedBody(text) : Buffer.from(text);
}

/** What a right replication makes of these commits when all of them were written. */
function stream(written: readonly JournalEntry[] = journal, excludeKeys?: readonly string[]): StoredEvent[] {
  return written
    .flatMap((commit, index) => eventsOf(commit, index + 1, excludeKeys))
    .map((event, revision, all) => {
      linkAfter(event, all[revision - 1]?.id ?? noEvent);
      return { ...event, revision };
    });
}

function eventsOf(commit: JournalEntry, position: number, excludeKeys?: readonly string[]) {
  const messages = commit.messages.map(({ contract, body }) => ({
    contract: Buffer.from(contract),
    body: Buffer.from(body, 'base64'),
  }));
  const record: SourceRecord = {
    ...commit,
    position,
    stamp: BigInt(commit.stamp),
    sha1: Buffer.from(commit.sha1, 'hex'),
    payload: { kind: 'batch', attributes: [], messages },
  };
  return Array.from(createConvert(conversion(excludeKeys))(record), (event) => ({ ...event, revision: 99 }));
}

function without(index: number): JournalEntry[] {
  return journal.toSpliced(index, 1);
}

function at<T>(all: readonly T[], index: number): T {
  return all[index] ?? expect.fail(`there is nothing at ${index}`);
}

function changed(index: number, change: (data: Buffer) => Buffer): StoredEvent[] {
  const event = at(stream(), index);
  return stream().with(index, { ...event, data: change(Buffer.from(event.data)) });
}

function flipped(data: Buffer): Buffer {
  const middle = data.length >> 1;
  data.writeUInt8(data.readUInt8(middle) ^ 1, middle);
  return data;
}

function longer(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.from(' ')]);
}

function withMark(event: StoredEvent, change: Partial<Mark>): StoredEvent {
  const metadata = JSON.parse(Buffer.from(event.metadata).toString()) as { eventferry: Mark; attributes: unknown };
  const eventferry = { ...metadata.eventferry, ...change };
  return { ...event, metadata: Buffer.from(JSON.stringify({ ...metadata, eventferry })) };
}

function present<T>(value: T | undefined): value is T {
  return value !== undefined;
}
