import { jsonEvent } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import type { Environment } from '../../src/config/config.js';
import type { StopKind } from '../../src/core/failure.js';
import { freshContainerName } from '../support/services/azurite.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { type Ferry, numbered, numberedBodies, tapeBytes } from '../support/ferry.js';
import {
  append,
  decide,
  early,
  expectExact,
  expectNewStream,
  expectStop,
  expectToLeadOn,
  expectToLeadOnBehindForeign,
  foreign,
  live,
  openFerryWithTwelve,
  reserved,
  second,
} from './decisionsFerry.js';

const server = sharedEmbeddedServer();
const ferryWithTwelve = (settings: Environment = {}): Promise<Ferry> => openFerryWithTwelve(server(), settings);

describe('TargetConflict', () => {
  test('What was appended before a foreign event is not appended again behind it', async () => {
    const ferry = await ferryWithTwelve();
    const old = await ferry.row();
    await append(ferry);
    await ferry.run();
    await ferry.client().appendToStream(ferry.stream, foreign());
    await ferry.changeRow(() => old ?? expect.fail('no row'));
    await expectStop(ferry, 'TargetConflict');
    await decide(ferry, { kind: 'revision', revision: 13 });
    await expectToLeadOnBehindForeign(ferry);
    expect(ferry.events()).toHaveLength(14);
  });

  test('A lost stream that someone else wrote to is not continued as if our events were there', async () => {
    const ferry = await ferryWithTwelve();
    await server().truncateTo(ferry.stream, -1);
    await ferry.client().appendToStream(ferry.stream, foreign());
    await expectStop(ferry, 'TargetConflict');
    await decide(ferry, { kind: 'revision', revision: 0 });
    await expectStop(ferry, 'TargetLost');
    await decide(ferry, { kind: 'rewind' });
    await ferry.run();
    expect(ferry.bodies().slice(1)).toEqual(numberedBodies(1, 12));
    await expectExact(ferry);
  });
});

describe('TargetLost', () => {
  test('rewind puts chunks that were accepted out of their place into their place', async () => {
    const ferry = await ferryWithTwelve();
    await ferry.write(early, numbered(101, 103));
    await expectStop(ferry, 'SourceReordered');
    await decide(ferry, { kind: 'chunk', chunk: early });
    await ferry.run();
    await server().truncateTo(ferry.stream, -1);
    await expectStop(ferry, 'TargetLost');
    await decide(ferry, { kind: 'rewind' });
    await expectToLeadOn(ferry);
    expect(ferry.events()).toHaveLength(15);
  });

  test('TargetLost: the right server again leads on without a decision', async () => {
    const ferry = await ferryWithTwelve();
    const elsewhere = { TARGET_STREAM: freshContainerName('stream') };
    const row = await ferry.row();
    await ferry.run(elsewhere);
    await server().truncateTo(elsewhere.TARGET_STREAM, -1);
    await expect(ferry.run(elsewhere)).rejects.toMatchObject({ kind: 'TargetLost' });
    await append(ferry);
    expect(await ferry.row()).toEqual(row);
    await expectToLeadOn(ferry);
  });

  test('rewind happens once: a stream that is there again is not rewound', async () => {
    const ferry = await ferryWithTwelve();
    await server().truncateTo(ferry.stream, -1);
    const way = await ferry.replicator().decide({ kind: 'rewind' }, live);
    await way.apply();
    await ferry.run();
    await expect(decide(ferry, { kind: 'rewind' })).rejects.toMatchObject({ kind: 'NotApplicable' });
    await expect(way.apply()).rejects.toMatchObject({ kind: 'CheckpointMoved' });
    await expectToLeadOn(ferry);
  });
});

describe('TargetTruncated', () => {
  test('TargetTruncated: taking back what hides the events leads on; rewind refuses a soft-deleted stream', async () => {
    const ferry = await ferryWithTwelve();
    await append(ferry);
    await ferry.client().setStreamMetadata(ferry.stream, { truncateBefore: 12 });
    await expectStop(ferry, 'TargetTruncated');
    await expect(decide(ferry, { kind: 'rewind' })).rejects.toMatchObject({ kind: 'TargetTruncated' });
    await ferry.client().setStreamMetadata(ferry.stream, {});
    await expectToLeadOn(ferry);
  });

  test('TargetTruncated: a new stream leads on', async () => {
    const ferry = await ferryWithTwelve();
    await ferry.client().deleteStream(ferry.stream);
    await expectStop(ferry, 'TargetTruncated');
    await expect(decide(ferry, { kind: 'rewind' })).rejects.toMatchObject({ kind: 'TargetTruncated' });
    await expectNewStream(ferry);
  });
});

test('TargetDeleted: a new stream leads on', async () => {
  const ferry = await ferryWithTwelve();
  await ferry.client().tombstoneStream(ferry.stream);
  await expectStop(ferry, 'TargetDeleted');
  await expect(decide(ferry, { kind: 'rewind' })).rejects.toMatchObject({ policy: 'usage' });
  await expectNewStream(ferry);
});

describe('SettingsChanged', () => {
  const changed = { TYPE_MAP: 'Numbered=Counted' };

  test('SettingsChanged: setting back what was changed leads on', async () => {
    const ferry = await ferryWithTwelve();
    await append(ferry);
    await expectStop(ferry, 'SettingsChanged', changed);
    await expectToLeadOn(ferry);
  });

  test('SettingsChanged: accepting the new settings leads on, also without the row, when both were used', async () => {
    const ferry = await ferryWithTwelve();
    await append(ferry);
    await expectStop(ferry, 'SettingsChanged', changed);
    await decide(ferry, { kind: 'settings' }, changed);
    await expectToLeadOn(ferry, changed);
    expect(ferry.events().map(({ type }) => type)).toEqual([...Array<string>(12).fill('Numbered'), 'Counted']);
  });
});

describe('SourceReordered', () => {
  const settings = { LIST_ALL_SECONDS: '1' };

  async function accepted(): Promise<Ferry> {
    const ferry = await ferryWithTwelve(settings);
    await ferry.write(early, [{ key: 'audit' }, ...numbered(101, 103)]);
    await expectStop(ferry, 'SourceReordered');
    await decide(ferry, { kind: 'chunk', chunk: early });
    return ferry;
  }

  test('accept --chunk reads a chunk that appeared before the cursor once', async () => {
    const ferry = await accepted();
    await append(ferry);
    await expectToLeadOn(ferry);
    expect(ferry.bodies()).toEqual([...numberedBodies(1, 12), ...numberedBodies(101, 103), '{"N":13}']);
    await expect(decide(ferry, { kind: 'chunk', chunk: early })).rejects.toMatchObject({ kind: 'NotApplicable' });
  });

  test.each([0, 5, 9, 10, 12, 14])(
    'SourceReordered: what was accepted stays complete when the target is restored to revision %i',
    async (revision) => {
      const ferry = await accepted();
      await append(ferry);
      await ferry.run();
      await server().truncateTo(ferry.stream, revision);
      const stopped = await ferry.run().then(
        () => false,
        (thrown: unknown) => {
          expect(thrown).toMatchObject({ kind: 'SourceReordered' });
          return true;
        },
      );
      if (stopped) {
        await decide(ferry, { kind: 'chunk', chunk: early });
        await ferry.run();
      }
      await expectExact(ferry);
      expect(new Set(ferry.bodies()).size).toBe(16);
      expect(ferry.events()).toHaveLength(16);
    },
  );

  test('SourceReordered: taking the chunk away leads on without it', async () => {
    const ferry = await ferryWithTwelve(settings);
    await ferry.write(early, numbered(101, 103));
    await expectStop(ferry, 'SourceReordered');
    await ferry.container.deleteBlob(early);
    await append(ferry);
    await expectToLeadOn(ferry);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 13));
  });
});

test('SourceGap: accept --chunk goes on without what is missing', async () => {
  const ferry = await ferryWithTwelve();
  const ahead = '00000020-2013-10-15-113000.dat';
  await ferry.write(ahead, numbered(20, 21));
  await expectStop(ferry, 'SourceGap');
  await decide(ferry, { kind: 'chunk', chunk: ahead });
  await expectToLeadOn(ferry);
  expect(ferry.bodies()).toEqual([...numberedBodies(1, 12), ...numberedBodies(20, 21)]);
});

test('SourceGap: putting back what is missing leads on with it', async () => {
  const ferry = await ferryWithTwelve();
  await ferry.write('00000015-2013-10-15-113000.dat', numbered(15, 16));
  await expectStop(ferry, 'SourceGap');
  await ferry.write('00000013-2013-10-15-110000.dat', numbered(13, 14));
  await expectToLeadOn(ferry);
  expect(ferry.bodies()).toEqual(numberedBodies(1, 16));
});

describe('SourceCorrupt', () => {
  const garbage = Buffer.alloc(64, 0x5a);
  const damaged = Buffer.concat([tapeBytes(numbered(13, 14)), garbage, tapeBytes(numbered(15, 16))]);
  const third = '00000013-2013-10-15-113000.dat';

  async function stopped(): Promise<Ferry> {
    const ferry = await ferryWithTwelve();
    await ferry.write(third, damaged);
    await expectStop(ferry, 'SourceCorrupt');
    return ferry;
  }

  test('SourceCorrupt: repairing the chunk leads on', async () => {
    const ferry = await stopped();
    await ferry.write(third, numbered(13, 16));
    await expectToLeadOn(ferry);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 16));
  });

  test('SourceCorrupt: ON_DAMAGE=skip leads on in the next chunk; what is repaired then is a fork, not lost unseen', async () => {
    const skip = { ON_DAMAGE: 'skip' };
    const ferry = await stopped();
    await ferry.write('00000014-2013-10-15-123000.dat', numbered(21, 22));
    await expectToLeadOn(ferry, skip);
    expect(ferry.bodies()).toEqual([...numberedBodies(1, 14), ...numberedBodies(21, 22)]);
    await ferry.write(third, numbered(13, 16));
    await expectStop(ferry, 'SourceForked', skip);
    await decide(ferry, { kind: 'chunk', chunk: third }, skip);
    await expectToLeadOn(ferry, skip);
    expect(ferry.bodies()).toEqual([...numberedBodies(1, 14), ...numberedBodies(21, 22), ...numberedBodies(15, 16)]);
  });

  test('SourceCorrupt: ON_DAMAGE=salvage leads on behind the bad bytes', async () => {
    const ferry = await stopped();
    await expectToLeadOn(ferry, { ON_DAMAGE: 'salvage' });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 16));
  });
});

const others = numbered(11, 12).map((record) => ({ ...record, key: 'customer-2' }));

describe.each<[StopKind, (ferry: Ferry) => Promise<unknown>]>([
  ['SourceReplaced', (ferry) => ferry.write(second, others)],
  ['SourceTruncated', (ferry) => ferry.write(second, numbered(11, 11))],
])('%s', (kind, spoil) => {
  test('Putting back what was there leads on', async () => {
    const ferry = await ferryWithTwelve();
    await spoil(ferry);
    await expectStop(ferry, kind);
    await append(ferry);
    await expectToLeadOn(ferry);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 13));
  });

  test('A new stream leads on, with what is at the source now', async () => {
    const ferry = await ferryWithTwelve();
    await spoil(ferry);
    await expectStop(ferry, kind);
    const bodies = kind === 'SourceTruncated' ? numberedBodies(1, 11) : undefined;
    await expectNewStream(ferry, bodies ?? numberedBodies(1, 12));
  });
});

describe('EventTooLarge', () => {
  const large = { messages: [['Large', 'x'.repeat(9_000)]] as const };

  async function stopped(): Promise<Ferry> {
    const ferry = await ferryWithTwelve({
      APPEND_BYTES: '8192',
      QUARANTINE_CONTAINER: freshContainerName('quarantine'),
    });
    await ferry.write(second, [...numbered(11, 12), large, ...numbered(14, 15)]);
    await expectStop(ferry, 'EventTooLarge');
    return ferry;
  }

  test('EventTooLarge: ON_UNCONVERTIBLE=quarantine leads on, and a higher limit later changes nothing of it', async () => {
    const ferry = await stopped();
    await expectToLeadOn(ferry, { ON_UNCONVERTIBLE: 'quarantine' });
    await expectToLeadOn(ferry, { APPEND_BYTES: '16384' });
    expect(ferry.events()).toHaveLength(15);
    expect(ferry.events()[12]?.type).toBe('eventferry-quarantined');
  });

  test('EventTooLarge: a higher limit leads on', async () => {
    const ferry = await stopped();
    await expectToLeadOn(ferry, { APPEND_BYTES: '16384' });
    expect(ferry.events()).toHaveLength(15);
  });
});

describe('Unconvertible', () => {
  async function stopped(): Promise<Ferry> {
    const ferry = await ferryWithTwelve({ QUARANTINE_CONTAINER: freshContainerName('quarantine') });
    await ferry.write(second, [...numbered(11, 12), reserved, ...numbered(14, 15)]);
    await expectStop(ferry, 'Unconvertible');
    return ferry;
  }

  test('Unconvertible: a mapping of its type, accepted, leads on', async () => {
    const ferry = await stopped();
    const mapped = { TYPE_MAP: '$reserved=Reserved' };
    await expectStop(ferry, 'SettingsChanged', mapped);
    await decide(ferry, { kind: 'settings' }, mapped);
    await expectToLeadOn(ferry, mapped);
    expect(ferry.events()[12]).toMatchObject({ type: 'Reserved' });
  });

  test('Unconvertible: ON_UNCONVERTIBLE=quarantine leads on', async () => {
    const ferry = await stopped();
    await expectToLeadOn(ferry, { ON_UNCONVERTIBLE: 'quarantine' });
    expect(ferry.events()[12]?.type).toBe('eventferry-quarantined');
  });
});

test('NewerSchema: the version that wrote the row leads on; until then nothing is appended', async () => {
  const ferry = await ferryWithTwelve();
  await append(ferry);
  const mark = JSON.stringify({ eventferry: { v: 2, source: 'tapes' } });
  const event = jsonEvent({ type: 'Numbered', data: {}, metadata: JSON.parse(mark) as Record<string, unknown> });
  await ferry.client().appendToStream(ferry.stream, event);
  await expectStop(ferry, 'NewerSchema');
  await server().truncateTo(ferry.stream, 11);
  await expectToLeadOn(ferry);
});
