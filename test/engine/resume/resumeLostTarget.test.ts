import { describe, expect, test } from 'vitest';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../../support/ferry.js';
import { chunk, decide, expectStop, openFerryWithTen } from './resumeFerry.js';

const server = sharedEmbeddedServer();
const ferryWithTen = (): Promise<Ferry> => openFerryWithTen(server());

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

test('rewind refuses a stream that is not lost', async () => {
  const ferry = await ferryWithTen();
  await expect(decide(ferry, { kind: 'rewind' })).rejects.toMatchObject({ kind: 'NotApplicable' });
});
