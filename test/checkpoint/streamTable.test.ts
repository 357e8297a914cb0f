import { describe, expect, test } from 'vitest';
import type { StreamTable } from '../../src/checkpoint/checkpoint.js';
import { notingStream, tableOfStreams } from '../../src/checkpoint/streamTable.js';
import { TableCheckpoint } from '../../src/checkpoint/table.js';
import { azuriteConnectionString, freshTableName } from '../support/services/azurite.js';
import { MemoryCheckpointStore } from '../support/stores/memoryCheckpoint.js';
import { rowAt } from './checkpointRows.js';

const { signal } = new AbortController();

function noting(fails = false) {
  let notes = 0;
  const streams: StreamTable = {
    note: () => {
      notes += 1;
      return fails ? Promise.reject(new Error('refused')) : Promise.resolve();
    },
    underOtherIds: () => Promise.resolve([]),
  };
  return { store: notingStream(new MemoryCheckpointStore(), streams), notes: () => notes };
}

describe('The table of streams', () => {
  test('The table of streams names the streams of a container under other ids, and leaves the checkpoint rows alone', async () => {
    const storage = { kind: 'connectionString' as const, value: azuriteConnectionString() };
    const table = freshTableName();
    const streamsOf = (source: string, stream: string, container = 'account/tapes') =>
      tableOfStreams({ storage, table, source, stream }, container);
    const own = streamsOf('billing', 'billing-events');
    expect(await own.underOtherIds(signal)).toEqual([]);

    const checkpoint = new TableCheckpoint({ storage, table, source: 'billing', stream: 'billing-events' });
    await checkpoint.insert(rowAt(7));
    await own.note();
    await streamsOf('billing', 'another').note();
    await streamsOf('Köln/1', '#1').note();
    await streamsOf('Köln/1', '#1').note();
    await streamsOf('shop', 'shop', 'account/other').note();
    expect(await own.underOtherIds(signal)).toEqual([{ source: 'Köln/1', stream: '#1' }]);
    expect((await checkpoint.load())?.row).toEqual(rowAt(7));
  });

  test('The table of streams gets its row once something is confirmed, not for every row that is saved', async () => {
    const { store, notes } = noting();
    const { source, stream, cursor, generation, settings } = rowAt(7);
    const first = await store.insert({ source, stream, cursor, generation, settings });
    expect(notes()).toBe(0);
    const second = await store.replace(rowAt(7), first.etag);
    await store.replace(rowAt(8), second.etag);
    expect(notes()).toBe(1);
  });

  test('A checkpoint row is saved although the table of streams refuses its row', async () => {
    const { store } = noting(true);
    expect((await store.insert(rowAt(7))).row).toEqual(rowAt(7));
    expect((await store.load())?.row).toEqual(rowAt(7));
  });
});
