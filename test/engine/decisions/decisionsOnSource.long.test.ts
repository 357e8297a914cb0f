import { describe, expect, test } from 'vitest';
import type { Environment } from '../../../src/config/config.js';
import type { StopKind } from '../../../src/core/failure.js';
import { freshContainerName } from '../../support/services/azurite.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { type Ferry, numbered, numberedBodies, tapeBytes } from '../../support/ferry.js';
import {
  append,
  decide,
  early,
  expectExact,
  expectNewStream,
  expectStop,
  expectToLeadOn,
  openFerryWithTwelve,
  reserved,
  second,
} from './decisionsFerry.js';

const server = sharedEmbeddedServer();
const ferryWithTwelve = (settings: Environment = {}): Promise<Ferry> => openFerryWithTwelve(server(), settings);

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
