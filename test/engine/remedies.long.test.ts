import { jsonEvent } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import type { Environment } from '../../src/config/config.js';
import type { StopKind } from '../../src/core/failure.js';
import { freshContainerName } from '../support/azurite.js';
import { sharedEmbeddedServer } from '../support/embeddedServer.js';
import { type Ferry, numbered, numberedBodies, tapeBytes } from '../support/ferry.js';
import {
  append,
  decide,
  expectNewStream,
  expectStop,
  expectToLeadOn,
  openFerryWithTwelve,
  reserved,
  second,
} from './decisionsFerry.js';

const server = sharedEmbeddedServer();
const ferryWithTwelve = (settings: Environment = {}): Promise<Ferry> => openFerryWithTwelve(server(), settings);

test('TargetDeleted: a new stream leads on', async () => {
  const ferry = await ferryWithTwelve();
  await ferry.client().tombstoneStream(ferry.stream);
  await expectStop(ferry, 'TargetDeleted');
  await expect(decide(ferry, { kind: 'rewind' })).rejects.toMatchObject({ policy: 'usage' });
  await expectNewStream(ferry);
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
