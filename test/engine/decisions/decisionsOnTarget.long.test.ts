import { jsonEvent } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import type { Environment } from '../../../src/config/config.js';
import { freshContainerName } from '../../support/services/azurite.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { type Ferry, numbered, numberedBodies } from '../../support/ferry.js';
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

test('NewerSchema: the version that wrote the row leads on; until then nothing is appended', async () => {
  const ferry = await ferryWithTwelve();
  await append(ferry);
  const mark = JSON.stringify({ eventferry: { v: 3, source: 'tapes' } });
  const event = jsonEvent({ type: 'Numbered', data: {}, metadata: JSON.parse(mark) as Record<string, unknown> });
  await ferry.client().appendToStream(ferry.stream, event);
  await expectStop(ferry, 'NewerSchema');
  await server().truncateTo(ferry.stream, 11);
  await expectToLeadOn(ferry);
});
