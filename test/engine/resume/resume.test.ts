import { describe, expect, test } from 'vitest';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../../support/ferry.js';
import { rewriteStream } from '../../support/rewriteStream.js';
import { expectEqual } from '../../verify/verifiedFerry.js';
import { chunk, decide, expectStop, live, openFerryWithTen } from './resumeFerry.js';

const server = sharedEmbeddedServer();
const ferryWithTen = (): Promise<Ferry> => openFerryWithTen(server());

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
      const mark = { ...confirmed.mark, position: 1, offset: 0 };
      return { ...row, cursor: { ...row.cursor, position: 2 }, confirmed: { mark, revision: -2_000_000 } };
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

  test('A row whose cursor lies before its own mark is refused like a damaged row, and no event is written twice', async () => {
    const ferry = await ferryWithTen();
    await ferry.changeEntity({ chunk: '', offset: 0, sha1: '', position: 1 });
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'CheckpointUnreachable' });
    await expect(ferry.run()).rejects.toThrow('the cursor does not lie after the mark');
    expect(ferry.bodies()).toEqual(numberedBodies(1, 10));
  });

  test('Status warns of a target stream with a retention policy', async () => {
    const ferry = await ferryWithTen();
    await ferry.client().setStreamMetadata(ferry.stream, { maxCount: 5 });
    await ferry.run();
    const { warnings } = await ferry.replicator().status(live);
    expect(warnings.join()).toContain('$maxCount 5');
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

  test('A record that was cut by a crash is finished as it was begun, also when its key is excluded and accepted since', async () => {
    const ferry = await Ferry.open(server(), small);
    const func = { ...large, key: 'func' };
    await ferry.write(chunk, [func, ...numbered(2, 3)]);
    await ferry.run();
    const whole = ferry.bodies();
    await server().truncateTo(ferry.stream, 1);
    const changed = { EXCLUDE_KEYS: 'func' };
    await expectStop(ferry, 'SettingsChanged', changed);
    await decide(ferry, { kind: 'settings' }, changed);
    await ferry.write(chunk, [func, ...numbered(2, 3), func, ...numbered(5, 5)]);
    await ferry.run(changed);
    expect(ferry.bodies()).toEqual([...whole, ...numberedBodies(5, 5)]);
    await expectEqual(ferry, changed);
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
