import { describe, expect, test } from 'vitest';
import type { Environment } from '../../../src/config/config.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies, type WrittenRecord } from '../../support/ferry.js';
import {
  decide,
  early,
  expectExact,
  expectStop,
  first,
  foreign,
  live,
  openFerryWithTwelve,
  second,
} from './decisionsFerry.js';

const server = sharedEmbeddedServer();
const ferryWithTwelve = (settings: Environment = {}): Promise<Ferry> => openFerryWithTwelve(server(), settings);

describe('A stream is not filled under another SOURCE_ID', () => {
  const changed = { SOURCE_ID: 'another' };

  test('A changed SOURCE_ID is SettingsChanged, and no decision leads on but to set it back', async () => {
    const ferry = await ferryWithTwelve();
    await expectStop(ferry, 'SettingsChanged', changed);
    const id = ferry.config().source.id;
    await expect(ferry.run(changed)).rejects.toMatchObject({
      message: expect.stringContaining(`was replicated under SOURCE_ID ${id}, and SOURCE_ID is another now`) as string,
      remedy: `Set SOURCE_ID back to ${id}, or replicate into a new TARGET_STREAM.`,
    });
    const decisions = [
      { kind: 'settings' },
      { kind: 'rewind' },
      { kind: 'revision', revision: 11 },
      { kind: 'chunk', chunk: first },
    ] as const;
    for (const decision of decisions) {
      await expect(decide(ferry, decision, changed), decision.kind).rejects.toMatchObject({ kind: 'SettingsChanged' });
    }
    await ferry.write(second, numbered(11, 13));
    await ferry.run();
    expect(ferry.bodies()).toEqual(numberedBodies(1, 13));
    await expectExact(ferry);
  });

  test('A changed SOURCE_ID is SettingsChanged also where a foreign event follows ours, before that is accepted and afterwards', async () => {
    const ferry = await ferryWithTwelve();
    await ferry.client().appendToStream(ferry.stream, foreign());
    await expectStop(ferry, 'SettingsChanged', changed);
    const acceptance = { kind: 'revision', revision: 12 } as const;
    await expect(decide(ferry, acceptance, changed)).rejects.toMatchObject({ kind: 'SettingsChanged' });
    // Versions that let a person accept it left such a row.
    const accepted = { foreign: [{ revision: 12, id: ferry.events()[12]?.id }] };
    await ferry.changeEntity({ accepted: JSON.stringify(accepted) }, changed);
    await expectStop(ferry, 'SettingsChanged', changed);
    await expect(ferry.replicator(changed).verify({ stop: new AbortController().signal })).rejects.toMatchObject({
      kind: 'SettingsChanged',
    });
    await decide(ferry, acceptance);
    await ferry.write(second, numbered(11, 13));
    await ferry.run();
    await expectExact(ferry);
    expect(ferry.bodies().slice(13)).toEqual(['{"N":13}']);
  });

  test('A changed SOURCE_ID is SettingsChanged also while the container lacks the last chunk, as during a copy', async () => {
    const ferry = await ferryWithTwelve();
    await ferry.container.deleteBlob(second);
    await expectStop(ferry, 'SettingsChanged', changed);
    const acceptance = { kind: 'revision', revision: 11 } as const;
    await expect(decide(ferry, acceptance, changed)).rejects.toMatchObject({ kind: 'SettingsChanged' });
  });

  test('A chunk that appeared before the cursor is still SourceReordered once a changed SOURCE_ID is set back', async () => {
    const ferry = await ferryWithTwelve();
    await ferry.write(early, numbered(101, 102));
    await expectStop(ferry, 'SourceReordered');
    await expectStop(ferry, 'SettingsChanged', changed);
    await expect(decide(ferry, { kind: 'settings' }, changed)).rejects.toMatchObject({ kind: 'SettingsChanged' });
    await expectStop(ferry, 'SourceReordered');
  });
});

/** Without the row that knew the former settings, not everything can be judged: `test/verify/formerSettings.test.ts`. */
async function expectNoDifference(ferry: Ferry, settings: Environment): Promise<void> {
  const { differences, unjudged } = await ferry.replicator(settings).verify({ stop: live });
  expect(differences.first).toEqual([]);
  expect(unjudged.length).toBeGreaterThan(0);
}

describe('What an accepted change of settings is for', () => {
  const audit = (n: number): WrittenRecord => ({ key: 'audit', messages: [['Numbered', `{"N":${n}}`]] });
  const withAudit = { EXCLUDE_KEYS: 'func' };
  const renamed = { TYPE_MAP: 'Numbered=Counted' };

  test.each([
    ['as it was saved', {}],
    ['lost', { CHECKPOINT_TABLE: 'lost' }],
  ])(
    'Records behind the last event that made no event under the old settings come under the accepted new ones, with the row %s',
    async (_, lost: Environment) => {
      const ferry = await Ferry.open(server());
      const table = lost['CHECKPOINT_TABLE'] ? { CHECKPOINT_TABLE: `${ferry.table}${lost['CHECKPOINT_TABLE']}` } : {};
      const settings = { ...withAudit, ...table };
      await ferry.write(first, [...numbered(1, 1), audit(2), audit(3)]);
      await ferry.run();
      expect((await ferry.row())?.cursor.position).toBe(4);
      await expectStop(ferry, 'SettingsChanged', settings);
      await decide(ferry, { kind: 'settings' }, settings);
      await ferry.run(settings);
      expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
      await ferry.write(first, [...numbered(1, 1), audit(2), audit(3), ...numbered(4, 4)]);
      await ferry.run(settings);
      expect(ferry.bodies()).toEqual(numberedBodies(1, 4));
      await (lost['CHECKPOINT_TABLE'] ? expectNoDifference(ferry, settings) : expectExact(ferry, settings));
    },
  );

  test('Settings that are set back before an event was written under the accepted ones lead to the same stream', async () => {
    const ferry = await Ferry.open(server(), withAudit);
    const excluding = { EXCLUDE_KEYS: 'audit,func' };
    await ferry.write(first, [...numbered(1, 1)]);
    await ferry.run();
    await ferry.write(first, [...numbered(1, 1), audit(2), audit(3)]);
    await decide(ferry, { kind: 'settings' }, excluding);
    await ferry.run(excluding);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 1));
    await ferry.run();
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
    await expectExact(ferry);
  });

  test('Settings that change behind an accepted foreign event, before anything was written there, can be accepted', async () => {
    const ferry = await ferryWithTwelve();
    await ferry.client().appendToStream(ferry.stream, foreign());
    await decide(ferry, { kind: 'revision', revision: 12 });
    await ferry.write(second, numbered(11, 13));
    await expectStop(ferry, 'SettingsChanged', renamed);
    await decide(ferry, { kind: 'settings' }, renamed);
    await ferry.run(renamed);
    expect(
      ferry
        .events()
        .map(({ type }) => type)
        .slice(11),
    ).toEqual(['Numbered', 'Foreign', 'Counted']);
    await expectExact(ferry, renamed);
  });

  test('Changed settings and a foreign event at the end can be accepted in either order', async () => {
    const ferry = await ferryWithTwelve();
    await ferry.client().appendToStream(ferry.stream, foreign());
    await ferry.write(second, numbered(11, 13));
    await decide(ferry, { kind: 'settings' }, renamed);
    await expectStop(ferry, 'TargetConflict', renamed);
    await decide(ferry, { kind: 'revision', revision: 12 }, renamed);
    await ferry.run(renamed);
    expect(ferry.events()).toHaveLength(14);
    await expectExact(ferry, renamed);
  });

  test('Verify finds a stream equal in which two changes of settings were accepted one after the other', async () => {
    const ferry = await ferryWithTwelve();
    await decide(ferry, { kind: 'settings' }, renamed);
    await ferry.write(second, numbered(11, 13));
    await ferry.run(renamed);
    await decide(ferry, { kind: 'settings' }, { TYPE_MAP: 'Numbered=Other' });
    await ferry.write(second, numbered(11, 14));
    await ferry.run({ TYPE_MAP: 'Numbered=Other' });
    await expectExact(ferry, { TYPE_MAP: 'Numbered=Other' });
    await expectNoDifference(ferry, { TYPE_MAP: 'Numbered=Other', CHECKPOINT_TABLE: `${ferry.table}lost` });
  });
});

describe('An accepted foreign event behind which one of ours stands', () => {
  test('An accepted foreign event is known to a run whose row is from before the acceptance', async () => {
    const ferry = await ferryWithTwelve();
    const before = await ferry.row();
    await ferry.client().appendToStream(ferry.stream, foreign());
    await decide(ferry, { kind: 'revision', revision: 12 });
    await ferry.write(second, numbered(11, 13));
    await ferry.run();
    await ferry.changeRow((row) => before ?? row);
    await ferry.write(second, numbered(11, 14));
    await ferry.run();
    expect(ferry.bodies().slice(13)).toEqual(['{"N":13}', '{"N":14}']);
    await expectExact(ferry);
  });
});
