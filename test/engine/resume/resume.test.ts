import { jsonEvent, type EventData } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import type { FailureKind } from '../../../src/core/failure.js';
import { parseMark } from '../../../src/convert/eventIdAndMark.js';
import { beginning } from '../../../src/core/cursor.js';
import type { Decision } from '../../../src/engine/decisions.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../../support/ferry.js';
import { rewriteStream } from '../../support/rewriteStream.js';

const server = sharedEmbeddedServer();
const chunk = '00000001-2013-10-15-093000.dat';
const live = new AbortController().signal;

/** A ferry that has replicated ten records. */
async function ferryWithTen(settings: Record<string, string> = {}): Promise<Ferry> {
  const ferry = await Ferry.open(server(), settings);
  await ferry.write(chunk, numbered(1, 10));
  await ferry.run();
  expect(ferry.bodies()).toEqual(numberedBodies(1, 10));
  return ferry;
}

async function expectStop(ferry: Ferry, kind: FailureKind, overrides: Record<string, string> = {}): Promise<void> {
  const before = ferry.events().length;
  await expect(ferry.run(overrides)).rejects.toMatchObject({ kind, policy: 'stop' });
  expect(ferry.events()).toHaveLength(before);
}

async function decide(ferry: Ferry, decision: Decision, overrides: Record<string, string> = {}): Promise<void> {
  const way = await ferry.replicator(overrides).decide(decision, live);
  expect(way.says).not.toBe('');
  await way.apply();
}

describe('when the target stream does not exist', () => {
  test('When the target stream does not exist and nothing was confirmed, replication starts at the beginning of both', async () => {
    const ferry = await ferryWithTen();
    expect(ferry.events()[0]).toMatchObject({ revision: 0 });
    expect(await ferry.row()).toMatchObject({ generation: 0, confirmed: { revision: 9, mark: { position: 10 } } });
  });

  test('When the target stream does not exist and only records that make no event were read, replication starts behind them, run after run', async () => {
    const ferry = await Ferry.open(server());
    const silent = [{ key: 'audit' }, { messages: [] }, { key: 'audit' }];
    await ferry.write(chunk, silent);
    await ferry.run();
    expect(await ferry.row()).toMatchObject({ cursor: { position: 4 } });
    await ferry.run();
    await ferry.write(chunk, [...silent, ...numbered(4, 4)]);
    await ferry.run();
    expect(ferry.bodies()).toEqual(['{"N":4}']);
    expect(await ferry.row()).toMatchObject({ confirmed: { revision: 0, mark: { position: 4 } } });
  });

  test('When the target stream does not exist, records that were passed over under other settings are looked at again', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, [{ key: 'audit', messages: [['Command', '{"N":1}']] }]);
    await ferry.run();
    await ferry.run({ EXCLUDE_KEYS: '' });
    expect(ferry.bodies()).toEqual(['{"N":1}']);
  });

  test('A target stream that does not exist although an event of it was confirmed is TargetLost; rewind replicates all again', async () => {
    const ferry = await ferryWithTen();
    await server().truncateTo(ferry.stream, -1);
    await expectStop(ferry, 'TargetLost');
    await decide(ferry, { kind: 'rewind' });
    await ferry.run();
    expect(ferry.bodies()).toEqual(numberedBodies(1, 10));
    expect(await ferry.row()).toMatchObject({ generation: 1, confirmed: { revision: 9 } });
  });
});

describe('when the target stream shows no event though it exists', () => {
  test('A soft-deleted stream is TargetTruncated, and rewind refuses it', async () => {
    const ferry = await ferryWithTen();
    await ferry.client().deleteStream(ferry.stream);
    await expectStop(ferry, 'TargetTruncated');
    await expect(decide(ferry, { kind: 'rewind' })).rejects.toMatchObject({ kind: 'TargetTruncated' });
    await expectStop(ferry, 'TargetTruncated');
  });

  test('A stream hidden by $tb is TargetTruncated, also without a checkpoint', async () => {
    const ferry = await ferryWithTen();
    await ferry.client().setStreamMetadata(ferry.stream, { truncateBefore: 10 });
    await expectStop(ferry, 'TargetTruncated');
    await expectStop(ferry, 'TargetTruncated', { CHECKPOINT_TABLE: `${ferry.table}other` });
  });

  test('A tombstoned stream is TargetDeleted', async () => {
    const ferry = await ferryWithTen();
    await ferry.client().tombstoneStream(ferry.stream);
    await expectStop(ferry, 'TargetDeleted');
  });
});

describe('when the last event is not ours', () => {
  const foreign = jsonEvent({ type: 'Foreign', data: { by: 'someone else' } });

  test('A last event that is not ours is TargetConflict, and accept --revision goes on behind it', async () => {
    const ferry = await ferryWithTen();
    await ferry.client().appendToStream(ferry.stream, foreign);
    await ferry.write(chunk, numbered(1, 12));
    await expectStop(ferry, 'TargetConflict');
    await expect(decide(ferry, { kind: 'revision', revision: 9 })).rejects.toMatchObject({ kind: 'NotApplicable' });
    await decide(ferry, { kind: 'revision', revision: 10 });
    await ferry.run();
    expect(ferry.bodies()).toEqual([...numberedBodies(1, 10), '{"by":"someone else"}', ...numberedBodies(11, 12)]);
  });

  test('Accepting a foreign event holds for that very event, not for another that came to stand there', async () => {
    const ferry = await ferryWithTen();
    await ferry.client().appendToStream(ferry.stream, foreign);
    await decide(ferry, { kind: 'revision', revision: 10 });
    await server().truncateTo(ferry.stream, 9);
    await ferry.client().appendToStream(ferry.stream, jsonEvent({ type: 'Foreign', data: { by: 'yet another' } }));
    await expectStop(ferry, 'TargetConflict');
  });

  test('A stream that was never ours can be accepted too', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 3));
    await ferry.client().appendToStream(ferry.stream, foreign);
    await expectStop(ferry, 'TargetConflict');
    await decide(ferry, { kind: 'revision', revision: 0 });
    await ferry.run();
    expect(ferry.bodies()).toEqual(['{"by":"someone else"}', ...numberedBodies(1, 3)]);
  });

  test('A copy of an event of ours under another id is not ours', async () => {
    const ferry = await ferryWithTen();
    const last = ferry.events().at(-1);
    const metadata = JSON.parse(last?.metadata.toString() ?? '') as Record<string, unknown>;
    await ferry.client().appendToStream(ferry.stream, jsonEvent({ type: 'Numbered', data: { N: 10 }, metadata }));
    await expectStop(ferry, 'TargetConflict');
  });

  test('An event that was written for another source is not ours', async () => {
    const other = await Ferry.open(server(), { SOURCE_ID: 'other' });
    await other.write(chunk, numbered(1, 3));
    await other.run();
    const ferry = await Ferry.open(server(), { TARGET_STREAM: other.stream });
    await ferry.write(chunk, numbered(11, 13));
    const before = other.events();
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'TargetConflict', policy: 'stop' });
    expect(other.events()).toEqual(before);
  });
});

describe('when the source is not what the last event says', () => {
  test('A frame replaced under the mark is SourceReplaced', async () => {
    const ferry = await ferryWithTen();
    await ferry.write(
      chunk,
      numbered(1, 10).map((record) => ({ ...record, key: 'customer-2' })),
    );
    await expectStop(ferry, 'SourceReplaced');
  });

  test('A container without any frame is SourceReplaced', async () => {
    const ferry = await ferryWithTen();
    await ferry.container.deleteBlob(chunk);
    await expectStop(ferry, 'SourceReplaced');
  });
});

describe('when a setting that decides what is written changed', () => {
  const changes = {
    EXCLUDE_KEYS: 'audit,func',
    BODY_MODE: 'raw',
    SOURCE_ID: 'another-name',
    TYPE_MAP: 'Numbered=Counted',
    STRIP_NAMESPACES: 'Sample',
  };
  test.each(Object.entries(changes))(
    'A changed %s is SettingsChanged and named; accept settings goes on',
    async (name, value) => {
      const ferry = await ferryWithTen();
      const changed = { [name]: value };
      await expectStop(ferry, 'SettingsChanged', changed);
      await expect(ferry.run(changed)).rejects.toThrow(name);
      await decide(ferry, { kind: 'settings' }, changed);
      await ferry.write(chunk, numbered(1, 12));
      await ferry.run(changed);
      expect(ferry.bodies()).toEqual(numberedBodies(1, 12));
      await ferry.run(changed);
      expect(ferry.bodies()).toEqual(numberedBodies(1, 12));
    },
  );

  test('Accepting one change of settings does not hold for the next', async () => {
    const ferry = await ferryWithTen();
    await decide(ferry, { kind: 'settings' }, { BODY_MODE: 'raw' });
    await expectStop(ferry, 'SettingsChanged', { EXCLUDE_KEYS: 'func' });
  });

  test('eventferry accept settings is refused when no setting changed', async () => {
    const ferry = await ferryWithTen();
    await expect(decide(ferry, { kind: 'settings' })).rejects.toMatchObject({ kind: 'NotApplicable' });
  });
});

describe('when a record larger than one append was cut by a crash', () => {
  const large = { messages: [1, 2, 3, 4].map((n) => ['Part', `{"N":${n},"pad":"${'x'.repeat(3_000)}"}`] as const) };
  const small = { APPEND_BYTES: '8192' };

  test.each([0, 1, 2])('When a crash cut a record behind its event %i, the rest of it comes first', async (index) => {
    const ferry = await Ferry.open(server(), small);
    await ferry.write(chunk, [large, ...numbered(2, 3)]);
    await ferry.run();
    const whole = ferry.bodies();
    expect(whole).toHaveLength(6);
    await server().truncateTo(ferry.stream, index);
    await ferry.run();
    expect(ferry.bodies()).toEqual(whole);
  });

  test('When a restore cut a record and nothing could be appended at first, the rest of it still comes first', async () => {
    const ferry = await Ferry.open(server(), small);
    await ferry.write(chunk, [large, ...numbered(2, 3)]);
    await ferry.run();
    const whole = ferry.bodies();
    await server().truncateTo(ferry.stream, 1);
    server().faults.onWrite = () => 'timeout';
    await expect(ferry.run()).rejects.toMatchObject({ policy: 'wait' });
    server().faults.clear();
    await ferry.run();
    expect(ferry.bodies()).toEqual(whole);
  });

  test('A record that was cut by a crash and now makes another number of events is SettingsChanged', async () => {
    const ferry = await Ferry.open(server(), small);
    await ferry.write(chunk, [{ ...large, key: 'func' }]);
    await ferry.run();
    await server().truncateTo(ferry.stream, 1);
    await expectStop(ferry, 'SettingsChanged', { EXCLUDE_KEYS: 'func' });
  });

  test('A record that was cut by a crash and makes another number of events under the same settings is SettingsChanged', async () => {
    const ferry = await Ferry.open(server(), small);
    await ferry.write(chunk, [large, ...numbered(2, 3)]);
    await ferry.run();
    await rewriteStream(ferry, (events) => {
      const [first, second] = events.splice(0);
      if (!first || !second) throw new Error('nothing was written');
      const metadata = Buffer.from(second.metadata.toString().replace('"count":4', '"count":5'));
      events.push(first, { ...second, metadata });
    });
    await expectStop(ferry, 'SettingsChanged');
  });
});

describe('when the last event is ours', () => {
  test('When the row and our last event agree, replication goes on at the row’s cursor', async () => {
    const ferry = await ferryWithTen();
    await ferry.write(chunk, [...numbered(1, 10), { key: 'audit' }]);
    await ferry.run();
    expect(await ferry.row()).toMatchObject({ cursor: { position: 12 }, confirmed: { mark: { position: 10 } } });
    await ferry.write(chunk, [...numbered(1, 10), { key: 'audit' }, ...numbered(12, 12)]);
    await ferry.run();
    expect(ferry.bodies()).toEqual([...numberedBodies(1, 10), ...numberedBodies(12, 12)]);
  });

  test('When there is no row, replication goes on behind the mark of our last event', async () => {
    const ferry = await ferryWithTen();
    await ferry.write(chunk, numbered(1, 12));
    await ferry.run({ CHECKPOINT_TABLE: `${ferry.table}other` });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 12));
  });

  test('When the row is older than our last event, replication goes on behind the mark', async () => {
    const ferry = await ferryWithTen();
    const old = await ferry.row();
    await ferry.write(chunk, numbered(1, 12));
    await ferry.run();
    await ferry.changeRow(() => old ?? expect.fail('no row'));
    await ferry.write(chunk, numbered(1, 14));
    await ferry.run();
    expect(ferry.bodies()).toEqual(numberedBodies(1, 14));
    expect(await ferry.row()).toMatchObject({ generation: 0, confirmed: { revision: 13 } });
  });

  test('When the row is far behind, as a restored table’s may be, replication goes on behind the mark of our last event', async () => {
    const ferry = await ferryWithTen();
    await ferry.changeRow((row) => {
      const { confirmed } = row;
      if (!confirmed) throw new Error('nothing was confirmed');
      return { ...row, cursor: beginning, confirmed: { ...confirmed, revision: -2_000_000 } };
    });
    await ferry.write(chunk, numbered(1, 12));
    await ferry.run();
    expect(ferry.bodies()).toEqual(numberedBodies(1, 12));
    expect(ferry.logger.events('warn')).toContain('checkpoint-far-behind');
  });

  test('When the row is ahead of our last event, the target was restored: replication goes on behind its tail, in a new generation', async () => {
    const ferry = await ferryWithTen();
    await server().truncateTo(ferry.stream, 4);
    await ferry.run();
    expect(ferry.bodies()).toEqual(numberedBodies(1, 10));
    expect(await ferry.row()).toMatchObject({ generation: 1, confirmed: { revision: 9 } });
    expect(ferry.logger.events('warn')).toContain('target-restored');
  });

  test('A row that names another event at the last revision is taken for another server’s', async () => {
    const ferry = await ferryWithTen();
    await ferry.changeRow((row) => {
      const { confirmed } = row;
      if (!confirmed) throw new Error('nothing was confirmed');
      return { ...row, confirmed: { ...confirmed, mark: { ...confirmed.mark, position: 7 } } };
    });
    await ferry.write(chunk, numbered(1, 12));
    await ferry.run();
    expect(ferry.bodies()).toEqual(numberedBodies(1, 12));
    expect(await ferry.row()).toMatchObject({ generation: 1 });
  });

  test('Status warns of a target stream with a retention policy', async () => {
    const ferry = await ferryWithTen();
    await ferry.client().setStreamMetadata(ferry.stream, { maxCount: 5 });
    await ferry.run();
    const { warnings } = await ferry.replicator().status(live);
    expect(warnings.join()).toContain('$maxCount 5');
  });
});

test('rewind refuses a stream that is not lost', async () => {
  const ferry = await ferryWithTen();
  await expect(decide(ferry, { kind: 'rewind' })).rejects.toMatchObject({ kind: 'NotApplicable' });
});

describe('when a run died before it saved how far it had come', () => {
  const next = '00000005-2013-10-15-093100.dat';

  /** Ten records in two chunks; the row knows only the first chunk's five. */
  async function ferryThatDied(): Promise<Ferry> {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 5));
    await ferry.run();
    const row = await ferry.row();
    await ferry.write(next, numbered(6, 10));
    await ferry.run();
    await ferry.changeRow(() => row ?? fail('there is no row'));
    return ferry;
  }

  test('After a run that died before it saved its progress, replication goes on behind the tail', async () => {
    const ferry = await ferryThatDied();
    await ferry.write(next, numbered(6, 12));
    await ferry.run();
    expect(ferry.bodies()).toEqual(numberedBodies(1, 12));
  });

  test('A record before the tail that was replaced since the row was saved is SourceReplaced', async () => {
    const ferry = await ferryThatDied();
    const [six, seven, ...others] = numbered(6, 10);
    await ferry.write(next, [{ ...six }, { ...seven, key: 'customer-9' }, ...others]);
    await expectStop(ferry, 'SourceReplaced');
  });

  test('Events since the row was saved that are hidden by now are not missed', async () => {
    const ferry = await ferryThatDied();
    await ferry.client().setStreamMetadata(ferry.stream, { truncateBefore: 8 });
    await ferry.write(next, numbered(6, 12));
    await ferry.run();
    expect(ferry.bodies()).toEqual(numberedBodies(1, 12));
  });

  test('A chunk that a dead run had left and that goes on is SourceForked all the same', async () => {
    const ferry = await ferryThatDied();
    await ferry.run();
    await ferry.write(chunk, [...numbered(1, 5), ...numbered(99, 99)]);
    await expectStop(ferry, 'SourceForked');
  });

  test('When another runner had counted a record more before the same place, it is TargetConflict', async () => {
    const ferry = await ferryThatDied();
    await ferry.changeRow((row) => ({ ...row, cursor: { ...row.cursor, position: row.cursor.position + 1 } }));
    await expectStop(ferry, 'TargetConflict');
    await expect(ferry.run()).rejects.toThrow('1 more records were counted');
  });

  test('When another runner had counted fewer records up to the tail, what stands where the row stood is SourceForked', async () => {
    const ferry = await ferryThatDied();
    await ferry.changeRow((row) => ({ ...row, cursor: { ...row.cursor, position: 12 } }));
    await ferry.write(chunk, [...numbered(1, 5), ...numbered(99, 99)]);
    await expectStop(ferry, 'SourceForked');
  });

  test('When another runner had read on in a chunk that was left, it is TargetConflict', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 5));
    await ferry.write(next, numbered(6, 8));
    await ferry.run();
    const row = await ferry.row();
    await ferry.write(next, numbered(6, 10));
    await ferry.run();
    const [third, fourth] = ferry
      .events()
      .slice(2, 4)
      .map(({ metadata }) => parseMark(metadata));
    const [left] = row?.cursor.memory?.left ?? [];
    if (!row || !left || !third || !fourth) return fail('there is no row with a chunk left');
    const memory = { ...row.cursor.memory, left: [{ ...left, offset: fourth.offset }] };
    const confirmed = { revision: 2, mark: third };
    await ferry.changeRow(() => ({ ...row, confirmed, cursor: { ...row.cursor, memory } }));
    await expectStop(ferry, 'TargetConflict');
    await expect(ferry.run()).rejects.toThrow('which had been left before');
  });

  test.each([
    ['a frame', chunk, [...numbered(1, 5), ...numbered(99, 99)]],
    ['a chunk', '00000004-2013-10-15-093200.dat', numbered(99, 99)],
  ])(
    '%s that got before the tail since the row was saved is noticed, and accept --chunk reads it',
    async (_what, name, records) => {
      const ferry = await ferryThatDied();
      await ferry.write(name, records);
      await expectStop(ferry, 'SourceForked');
      await expectStop(ferry, 'SourceForked');
      await decide(ferry, { kind: 'chunk', chunk: name });
      await ferry.write(next, numbered(6, 12));
      await ferry.run();
      expect(ferry.bodies()).toEqual([...numberedBodies(1, 10), '{"N":99}', ...numberedBodies(11, 12)]);
    },
  );
});

describe('when somebody else wrote while appends of ours were in flight', () => {
  const next = '00000005-2013-10-15-093100.dat';

  /** The stream holds records 1 to 5, `between`, and the last of ten: appended behind what was not ours. */
  async function ferryWithHole(between: readonly EventData[]): Promise<Ferry> {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 5));
    await ferry.run();
    const row = await ferry.row();
    await ferry.write(next, numbered(6, 10));
    await ferry.run();
    const last = ferry.events().at(-1);
    await server().truncateTo(ferry.stream, 4);
    const metadata = JSON.parse(last?.metadata.toString() ?? '') as Record<string, unknown>;
    const ours = jsonEvent({ id: last?.id ?? '', type: 'Numbered', data: { N: 10 }, metadata });
    await ferry.client().appendToStream(ferry.stream, [...between, ours]);
    await ferry.changeRow(() => row ?? fail('there is no row'));
    return ferry;
  }

  test('An append of somebody else between ours that was taken where ours are missing is TargetConflict', async () => {
    const ferry = await ferryWithHole([]);
    await expectStop(ferry, 'TargetConflict');
    await expect(ferry.run()).rejects.toThrow('Before position 10, index 0');
  });

  test('A foreign event that stands before one of ours is TargetConflict', async () => {
    const ferry = await ferryWithHole([jsonEvent({ type: 'Foreign', data: { by: 'someone else' } })]);
    await expectStop(ferry, 'TargetConflict');
    await expect(ferry.run()).rejects.toThrow('Revision 5');
  });

  test.each([
    ['in the middle', 6],
    ['at its end', 7],
  ])('An event of ours that is missing %s of a record is TargetConflict', async (_where, revision) => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 5));
    await ferry.run();
    const row = await ferry.row();
    const parts = [1, 2, 3].map((n) => ['Part', `{"N":${n}}`] as const);
    await ferry.write(next, [{ messages: parts }, ...numbered(7, 8)]);
    await ferry.run();
    await rewriteStream(ferry, (events) => void events.splice(revision, 1));
    await ferry.changeRow(() => row ?? fail('there is no row'));
    await expectStop(ferry, 'TargetConflict');
  });
});

function fail(why: string): never {
  throw new Error(why);
}
