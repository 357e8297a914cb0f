import { beforeEach, describe, expect, test } from 'vitest';

import type { CheckpointStore } from '../../src/checkpoint/checkpoint.js';
import type { CheckpointRow } from '../../src/checkpoint/row.js';
import { CheckpointKeeper } from '../../src/checkpoint/keeper.js';
import { TableCheckpoint } from '../../src/checkpoint/table.js';
import { beginning } from '../../src/core/cursor.js';
import { azuriteConnectionString, freshTableName } from '../support/services/azurite.js';
import { FakeClock } from '../support/fakeClock.js';
import { reachedAt } from './checkpointRows.js';

const identity = { source: 'billing', stream: 'billing-events', settings: { SOURCE_ID: 'billing' } };

/** The real table, with every write counted. */
class CountingStore implements CheckpointStore {
  writes = 0;
  constructor(private readonly store: CheckpointStore) {}
  load() {
    return this.store.load();
  }
  insert(row: CheckpointRow) {
    this.writes += 1;
    return this.store.insert(row);
  }
  replace(row: CheckpointRow, etag: string) {
    this.writes += 1;
    return this.store.replace(row, etag);
  }
}

describe('the keeper of a checkpoint row', () => {
  let clock: FakeClock;
  let store: CountingStore;
  const keeperOf = (settings = identity.settings) => new CheckpointKeeper(store, clock, { ...identity, settings });
  const storedRow = async () => (await store.load())?.row;

  beforeEach(() => {
    clock = new FakeClock('2026-01-01T00:00:00Z');
    store = new CountingStore(
      new TableCheckpoint({
        storage: { kind: 'connectionString', value: azuriteConnectionString() },
        table: freshTableName(),
        source: identity.source,
        stream: identity.stream,
      }),
    );
  });

  test('The checkpoint keeper knows no row before there is one, and writes none without need', async () => {
    const keeper = keeperOf();
    expect(await keeper.load()).toBeUndefined();
    await keeper.save();
    expect(store.writes).toBe(0);
    expect(keeper.row).toBeUndefined();
  });

  test('The checkpoint keeper writes what was reached, and another keeper finds it', async () => {
    const keeper = keeperOf();
    await keeper.load();
    await keeper.advance(reachedAt(1));
    expect(await keeperOf().load()).toEqual({ ...identity, ...reachedAt(1), generation: 0 });
  });

  test('The checkpoint keeper writes at most every 5 seconds while it advances, and the rest when told to save', async () => {
    const keeper = keeperOf();
    await keeper.load();
    for (let position = 1; position <= 11; position += 1) {
      await keeper.advance(reachedAt(position));
      clock.advance(1_000);
    }
    expect(store.writes).toBe(3);
    expect(keeper.row?.confirmed?.revision).toBe(10);
    await keeper.advance(reachedAt(14));
    expect((await storedRow())?.confirmed?.revision).toBe(10);
    await keeper.save();
    expect((await storedRow())?.confirmed?.revision).toBe(13);
  });

  test('The checkpoint keeper writes nothing when nothing changed, but renews a note after a minute', async () => {
    const keeper = keeperOf();
    await keeper.load();
    keeper.patchRun({ runner: 'laptop-17', startedAt: '2026-01-01T00:00:00.000Z' });
    await keeper.advance(reachedAt(1));
    clock.advance(59_999);
    await keeper.advance(reachedAt(1));
    await keeper.save();
    expect(store.writes).toBe(1);
    clock.advance(1);
    await keeper.save();
    expect(store.writes).toBe(2);
    expect((await storedRow())?.run?.refreshedAt).toBe('2026-01-01T00:01:00.000Z');
  });

  test('The checkpoint keeper keeps a note until another one replaces it or it is removed', async () => {
    const keeper = keeperOf();
    await keeper.load();
    keeper.patchRun({ runner: 'laptop-17', movedAt: 'then', caughtUpAt: 'then' });
    keeper.patchRun({ movedAt: 'now', caughtUpAt: undefined });
    await keeper.save();
    const at = '2026-01-01T00:00:00.000Z';
    expect((await storedRow())?.run).toEqual({ runner: 'laptop-17', startedAt: at, refreshedAt: at, movedAt: 'now' });
  });

  test('The checkpoint keeper accepts notes before it has loaded the row, but cannot write them yet', async () => {
    const keeper = keeperOf();
    keeper.patchRun({ runner: 'laptop-17' });
    await expect(keeper.save()).rejects.toMatchObject({ kind: 'CheckpointMoved' });
    await expect(keeper.advance(reachedAt(1))).rejects.toMatchObject({ kind: 'CheckpointMoved' });
    expect(store.writes).toBe(0);
  });

  test('The checkpoint keeper never overwrites what another wrote, and loads the row again before it writes at all', async () => {
    const [one, other] = [keeperOf(), keeperOf()];
    await one.load();
    await other.load();
    await one.advance(reachedAt(5));
    await expect(other.advance(reachedAt(2))).rejects.toMatchObject({ kind: 'CheckpointMoved' });
    expect(other.row).toBeUndefined();
    await expect(other.advance(reachedAt(6))).rejects.toMatchObject({ kind: 'CheckpointMoved' });
    await expect(other.save()).rejects.toMatchObject({ kind: 'CheckpointMoved' });
    expect((await storedRow())?.confirmed?.revision).toBe(4);

    await other.load();
    await other.advance(reachedAt(6));
    expect((await storedRow())?.confirmed?.revision).toBe(5);
    clock.advance(5_000);
    await expect(one.advance(reachedAt(7))).rejects.toMatchObject({ kind: 'CheckpointMoved' });
    expect((await storedRow())?.confirmed?.revision).toBe(5);
  });

  test('The checkpoint keeper does not advance backwards', async () => {
    const keeper = keeperOf();
    await keeper.load();
    await keeper.advance(reachedAt(5));
    await expect(keeper.advance(reachedAt(4))).rejects.toThrow(/stands at position 6 and may not be set back/);
    await expect(keeper.advance({ ...reachedAt(5), cursor: beginning })).rejects.toThrow(/may not be set back/);
    await keeper.save();
    expect(await storedRow()).toMatchObject(reachedAt(5));
  });

  test('The checkpoint keeper advances to another chunk at the same position, as an accepted chunk asks for', async () => {
    const keeper = keeperOf();
    await keeper.load();
    await keeper.advance(reachedAt(5));
    const cursor = { ...reachedAt(5).cursor, chunk: 'a', offset: 0, sha1: '' };
    await keeper.advance({ ...reachedAt(5), cursor });
    await keeper.save();
    expect((await storedRow())?.cursor).toEqual(cursor);
  });

  test('The checkpoint keeper begins again when nothing is confirmed and the settings that decide what is written changed', async () => {
    const before = keeperOf();
    await before.load();
    await before.advance({ cursor: reachedAt(3).cursor });
    const after = keeperOf({ SOURCE_ID: 'other' });
    await after.load();
    await after.advance({ cursor: beginning });
    expect(await storedRow()).toMatchObject({ cursor: beginning, settings: { SOURCE_ID: 'other' }, generation: 0 });
  });

  test('The checkpoint keeper saves at once that records are read again because the settings have changed', async () => {
    const before = keeperOf();
    await before.load();
    await before.advance({ ...reachedAt(3), cursor: reachedAt(9).cursor });
    await before.save();
    const after = keeperOf({ SOURCE_ID: 'other' });
    await after.load();
    await after.ensureRow(reachedAt(3));
    expect(await storedRow()).toMatchObject({ cursor: reachedAt(3).cursor, settings: { SOURCE_ID: 'other' } });
  });

  test('The checkpoint keeper keeps the settings under which the row was written until replication gets further', async () => {
    const before = keeperOf();
    await before.load();
    await before.advance(reachedAt(3));
    const after = keeperOf({ SOURCE_ID: 'other' });
    await after.load();
    after.patchRun({ runner: 'laptop-17' });
    await after.save();
    expect((await storedRow())?.settings).toEqual(identity.settings);
    await after.advance(reachedAt(4));
    await after.save();
    expect((await storedRow())?.settings).toEqual({ SOURCE_ID: 'other' });
  });

  test('The checkpoint keeper sets the row back only when told to, and counts that as a new generation', async () => {
    const keeper = keeperOf();
    await keeper.load();
    const accepted = { foreign: [{ revision: 9, id: 'c' }] };
    await keeper.accept(accepted);
    await keeper.advance(reachedAt(5));
    await keeper.rollBack(reachedAt(2));
    expect(await storedRow()).toEqual({ ...identity, ...reachedAt(2), generation: 1, accepted });
    await keeper.rollBack({ cursor: beginning });
    expect(await storedRow()).toEqual({ ...identity, cursor: beginning, generation: 2, accepted });
  });

  test('The checkpoint keeper remembers an acceptance beside earlier ones', async () => {
    const keeper = keeperOf();
    await keeper.load();
    const foreign = [{ revision: 9, id: 'c' }];
    await keeper.accept({ foreign });
    await keeper.accept({ settings: { from: 'a', to: 'b' } });
    expect((await storedRow())?.accepted).toEqual({ foreign, settings: { from: 'a', to: 'b' } });
  });

  test('The checkpoint keeper loses no note that is made while a write is on its way', async () => {
    const keeper = keeperOf();
    await keeper.load();
    await keeper.advance(reachedAt(1));
    keeper.patchRun({ runner: 'laptop-17' });
    const saving = keeper.save();
    keeper.patchRun({ movedAt: 'meanwhile' });
    await saving;
    await keeper.save();
    expect((await storedRow())?.run).toMatchObject({ runner: 'laptop-17', movedAt: 'meanwhile' });
  });
});
