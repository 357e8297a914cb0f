import { TableClient } from '@azure/data-tables';
import { describe, expect, test } from 'vitest';

import type { LagSample } from '../../src/checkpoint/checkpoint.js';
import { TableCheckpoint } from '../../src/checkpoint/table.js';
import { tableLagHistory } from '../../src/checkpoint/lagTable.js';
import { azuriteConnectionString, freshTableName } from '../support/services/azurite.js';

const { signal } = new AbortController();
const start = Date.UTC(2026, 0, 1);

function sample(minute: number, events = minute): LagSample {
  return {
    at: new Date(start + minute * 60_000).toISOString(),
    lag: { bytes: events * 100, events, eventsExact: false, seconds: 1.5 },
    position: 5_000_000_000 + minute,
    revision: minute - 1,
    well: minute % 2 === 0,
  };
}

async function openHistory(stream = 'billing') {
  const storage = { kind: 'connectionString' as const, value: azuriteConnectionString() };
  const where = { storage, table: freshTableName(), source: 'tapes', stream };
  const table = TableClient.fromConnectionString(storage.value, where.table, { allowInsecureConnection: true });
  await table.createTable();
  return { history: tableLagHistory(where), table, where };
}

describe('The history of the lag', () => {
  test('The history of the lag is read back oldest first', async () => {
    const { history } = await openHistory();
    for (const minute of [2, 0, 1]) await history.add(sample(minute), signal);
    expect(await history.recent(signal)).toEqual([sample(0), sample(1), sample(2)]);
  });

  test('The history of the lag is bounded: after half a day each new minute replaces an old one', async () => {
    const { history, table } = await openHistory();
    for (const minute of [0, 1, 720, 721, 1440]) await history.add(sample(minute), signal);
    expect(await history.recent(signal)).toEqual([sample(721), sample(1440)]);
    let rows = 0;
    for await (const row of table.listEntities()) rows += row.rowKey === undefined ? 0 : 1;
    expect(rows).toBe(2);
  });

  test('The history of the lag is empty when there is no table yet', async () => {
    const { history, table } = await openHistory();
    await table.deleteTable();
    expect(await history.recent(signal)).toEqual([]);
  });

  test('The history of the lag leaves the checkpoint row and the rows of other streams alone', async () => {
    const { history, where } = await openHistory('a/b');
    const other = tableLagHistory({ ...where, stream: 'a/b=lag' });
    await other.add(sample(7), signal);
    const store = new TableCheckpoint(where);
    const cursor = { chunk: '', offset: 0, sha1: '', position: 1 };
    await store.insert({ source: 'tapes', stream: 'a/b', cursor, generation: 0, settings: {} });
    await history.add(sample(3), signal);
    expect(await history.recent(signal)).toEqual([sample(3)]);
    expect(await other.recent(signal)).toEqual([sample(7)]);
    expect((await store.load())?.row.cursor).toEqual(cursor);
  });
});
