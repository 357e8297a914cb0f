import { jsonEvent } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import type { StoredEvent } from '../../dev/eventstore/eventStoreServer.js';
import { decide, foreign, openFerryWithTwelve, second } from '../engine/decisions/decisionsFerry.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { numbered } from '../support/ferry.js';
import { rewriteStream } from '../support/rewriteStream.js';

const server = sharedEmbeddedServer();
const live = new AbortController().signal;

function copied({ id, type, data, metadata }: StoredEvent) {
  const parsed = (bytes: Buffer) => JSON.parse(bytes.toString() || '{}') as Record<string, unknown>;
  return jsonEvent({ id, type, data: parsed(data), metadata: parsed(metadata) });
}

describe('An accepted foreign event behind which one of ours stands', () => {
  test('An accepted foreign event is known to verify from the stream alone', async () => {
    const ferry = await openFerryWithTwelve(server());
    await ferry.client().appendToStream(ferry.stream, [foreign(), foreign()]);
    await decide(ferry, { kind: 'revision', revision: 13 });
    await ferry.write(second, numbered(11, 13));
    await ferry.run();
    const withoutRow = { CHECKPOINT_TABLE: `${ferry.table}lost` };
    const report = await ferry.replicator(withoutRow).verify({ stop: live });
    expect(report).toMatchObject({ equal: true, acceptedForeign: 2, events: { equal: 13 } });
  });

  test('Verify does not take an event of ours that somebody changed for an accepted one, although its key is excluded by now', async () => {
    const ferry = await openFerryWithTwelve(server());
    await ferry.write(second, [
      ...numbered(11, 12),
      { key: 'func', messages: [['Numbered', '{"N":13}']] },
      ...numbered(14, 14),
    ]);
    await ferry.run();
    await rewriteStream(ferry, (events) => {
      const [changed] = events.splice(12, 1);
      if (changed) events.splice(12, 0, { ...changed, data: Buffer.from('{"N":0}'), metadata: Buffer.from('{}') });
    });
    const excluding = { EXCLUDE_KEYS: 'audit,func', CHECKPOINT_TABLE: `${ferry.table}lost` };
    const { equal, differences } = await ferry.replicator(excluding).verify({ stop: live });
    expect({ equal, byKind: differences.byKind }).toEqual({ equal: false, byKind: { foreign: 1 } });
  });

  test('Verify calls events foreign that stand before an accepted one and were written under another SOURCE_ID', async () => {
    const ferry = await openFerryWithTwelve(server());
    const other = { SOURCE_ID: 'another', TARGET_STREAM: `${ferry.stream}-other` };
    const stranger = foreign();
    await ferry.client().appendToStream(ferry.stream, stranger);
    await ferry.client().appendToStream(other.TARGET_STREAM, stranger);
    await decide(ferry, { kind: 'revision', revision: 0 }, other);
    await ferry.run(other);
    const again = server().events(other.TARGET_STREAM).slice(1);
    await ferry.client().appendToStream(ferry.stream, again.map(copied));

    const doubled = { SOURCE_ID: 'another', CHECKPOINT_TABLE: `${ferry.table}lost` };
    const report = await ferry.replicator(doubled).verify({ stop: live });
    expect(report).toMatchObject({ equal: false, differences: { total: 12, byKind: { foreign: 12 } } });
    expect(report).toMatchObject({ acceptedForeign: 1, events: { equal: 12 } });
  });
});
