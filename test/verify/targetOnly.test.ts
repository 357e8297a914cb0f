import { describe, expect, test } from 'vitest';
import type { StoredEvent } from '../../dev/eventstore/eventStoreServer.js';
import type { TargetReport } from '../../src/verify/targetOnly.js';
import { decide, foreign } from '../engine/decisions/decisionsFerry.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered } from '../support/ferry.js';
import { rewriteStream, withoutLink } from '../support/rewriteStream.js';

const server = sharedEmbeddedServer();
const chunk = '00000001-2013-10-15-093000.dat';
const live = new AbortController().signal;
const three = { messages: [['A', '1'] as const, ['B', '2'] as const, ['C', '3'] as const] };

/** Records 1 to 3 with an event each, 4 with three events, 5: revisions 0 to 6. */
async function replicated(): Promise<Ferry> {
  const ferry = await Ferry.open(server());
  await ferry.write(chunk, [...numbered(1, 3), three, ...numbered(5, 5)]);
  await ferry.run();
  return ferry;
}

/** What the stream says about itself while nothing can be read of the source. */
async function targetOnly(ferry: Ferry, settings = {}): Promise<TargetReport> {
  await ferry.container.deleteIfExists();
  return ferry.replicator(settings).verifyTarget({ stop: live });
}

function removed(events: StoredEvent[], at: number, count = 1): void {
  events.splice(at, count);
}

function repeated(events: StoredEvent[], from: number, to: number): void {
  events.push(...events.slice(from, to));
}

function withoutMark(event: StoredEvent): StoredEvent {
  return { ...event, metadata: Buffer.from('{}') };
}

function swapped(events: StoredEvent[], at: number): void {
  events.splice(at, 2, ...events.slice(at, at + 2).reverse());
}

describe('Verify of the target alone', () => {
  test('Verify of the target alone finds a stream intact without the source', async () => {
    expect(await targetOnly(await replicated())).toMatchObject({
      ...{ intact: true, complete: true, revision: 6, acceptedForeign: 0 },
      events: { stored: 7, ours: 7, unlinked: 0, quarantined: 0 },
      differences: { total: 0 },
    });
  });

  test('Verify of the target alone finds a stream intact that does not exist yet', async () => {
    const ferry = await Ferry.open(server());
    expect(await targetOnly(ferry)).toMatchObject({ intact: true, complete: true, revision: -1 });
  });

  test.each<readonly [string, (events: StoredEvent[]) => void, object]>([
    ['an event in the middle is gone', (events) => removed(events, 1), { chain: 1 }],
    ['the first event is gone', (events) => removed(events, 0), { chain: 1 }],
    ['an event inside a record is gone', (events) => removed(events, 4), { chain: 1, missing: 1 }],
    ['the last event of a record is gone', (events) => removed(events, 5), { chain: 1, missing: 1 }],
    ['two events have changed places', (events) => swapped(events, 1), { chain: 3, reordered: 1 }],
    ['events are there twice', (events) => repeated(events, 2, 7), { chain: 1, reordered: 5 }],
  ])('Verify of the target alone notices that %s', async (_, change, byKind) => {
    const ferry = await replicated();
    await rewriteStream(ferry, change);
    const withoutRow = { CHECKPOINT_TABLE: `${ferry.table}lost` };
    expect(await targetOnly(ferry, withoutRow)).toMatchObject({ intact: false, differences: { byKind } });
  });

  test('Verify of the target alone notices that the end of the stream is gone, which the checkpoint row knows', async () => {
    const ferry = await replicated();
    await rewriteStream(ferry, (events) => removed(events, 6));
    expect(await targetOnly(ferry)).toMatchObject({ differences: { byKind: { 'checkpoint-ahead': 1 } } });
  });

  test('Verify of the target alone says that the last record is not whole, which is no difference', async () => {
    const ferry = await replicated();
    await rewriteStream(ferry, (events) => removed(events, 5, 2));
    const withoutRow = { CHECKPOINT_TABLE: `${ferry.table}lost` };
    expect(await targetOnly(ferry, withoutRow)).toMatchObject({ intact: true, unfinished: 4, events: { stored: 5 } });
  });

  test('Verify of the target alone notices that events are hidden', async () => {
    const ferry = await replicated();
    await ferry.client().setStreamMetadata(ferry.stream, { truncateBefore: 2 });
    expect(await targetOnly(ferry)).toMatchObject({ intact: false, differences: { byKind: { missing: 1 } } });
  });

  test('Verify of the target alone knows an accepted foreign event by our event behind it, and calls any other foreign', async () => {
    const ferry = await replicated();
    await ferry.client().appendToStream(ferry.stream, [foreign(), foreign()]);
    await decide(ferry, { kind: 'revision', revision: 8 });
    await ferry.write(chunk, [...numbered(1, 3), three, ...numbered(5, 6)]);
    await ferry.run();
    const withoutRow = { CHECKPOINT_TABLE: `${ferry.table}lost` };
    const check = (settings = {}) => ferry.replicator(settings).verifyTarget({ stop: live });
    expect(await check(withoutRow)).toMatchObject({ intact: true, acceptedForeign: 2 });
    await ferry.client().appendToStream(ferry.stream, foreign());
    expect(await check()).toMatchObject({ intact: false, differences: { total: 1, byKind: { foreign: 1 } } });
    await decide(ferry, { kind: 'revision', revision: 10 });
    expect(await check()).toMatchObject({ intact: true, acceptedForeign: 3 });
    expect(await check(withoutRow)).toMatchObject({ intact: false, acceptedForeign: 2 });
  });

  test('Verify of the target alone does not take for accepted what Eventferry wrote under another SOURCE_ID', async () => {
    const ferry = await replicated();
    const other = { SOURCE_ID: 'another', TARGET_STREAM: `${ferry.stream}-other` };
    const stranger = foreign();
    await ferry.client().appendToStream(other.TARGET_STREAM, stranger);
    await decide(ferry, { kind: 'revision', revision: 0 }, other);
    await ferry.run(other);
    const again = server().events(other.TARGET_STREAM);
    await rewriteStream(ferry, (events) => void events.push(...again));
    const doubled = { SOURCE_ID: 'another', CHECKPOINT_TABLE: `${ferry.table}lost` };
    expect(await targetOnly(ferry, doubled)).toMatchObject({ intact: false, differences: { byKind: { foreign: 1 } } });
  });

  test('Verify of the target alone does not take an event of ours that somebody changed for an accepted foreign one', async () => {
    const ferry = await replicated();
    await rewriteStream(ferry, (events) => events.splice(1, 1, ...events.slice(1, 2).map(withoutMark)));
    expect(await targetOnly(ferry)).toMatchObject({ intact: false, acceptedForeign: 0 });
  });

  test('Verify of the target alone counts events of an earlier version, which do not name the event before them', async () => {
    const ferry = await replicated();
    await rewriteStream(ferry, (events) => events.splice(0, 3, ...events.slice(0, 3).map(withoutLink)));
    expect(await targetOnly(ferry)).toMatchObject({ intact: true, events: { ours: 7, unlinked: 3 } });
  });
});
