import { describe, expect, test } from 'vitest';
import type { Environment } from '../../../src/config/config.js';
import type { StopKind } from '../../../src/core/failure.js';
import type { Decision } from '../../../src/engine/decisions.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { type Ferry, numbered, numberedBodies } from '../../support/ferry.js';
import {
  append,
  decide,
  early,
  expectExact,
  expectStop,
  expectToLeadOn,
  first,
  foreign,
  openFerryWithTwelve,
} from './decisionsFerry.js';

const server = sharedEmbeddedServer();
const ferryWithTwelve = (settings: Environment = {}): Promise<Ferry> => openFerryWithTwelve(server(), settings);

// What guards rest on, and a decision on some stops; the others are in `decisionsOnTarget.long.test.ts` and
// `decisionsOnSource.long.test.ts`.

describe('TargetConflict', () => {
  test('accept --revision goes on behind the foreign event, and does not hold for the next one', async () => {
    const ferry = await ferryWithTwelve();
    await ferry.client().appendToStream(ferry.stream, [foreign(), foreign()]);
    await append(ferry);
    await expectStop(ferry, 'TargetConflict');
    await decide(ferry, { kind: 'revision', revision: 13 });
    await ferry.client().appendToStream(ferry.stream, foreign());
    await expectStop(ferry, 'TargetConflict');
    await decide(ferry, { kind: 'revision', revision: 14 });
    await ferry.run();
    expect(ferry.bodies().at(-1)).toBe('{"N":13}');
    await ferry.run();
    await expectExact(ferry);
    expect(ferry.events()).toHaveLength(16);
  });
});

describe('TargetLost', () => {
  test('TargetLost: rewind replicates everything again', async () => {
    const ferry = await ferryWithTwelve();
    await server().truncateTo(ferry.stream, -1);
    await append(ferry);
    await expectStop(ferry, 'TargetLost');
    await decide(ferry, { kind: 'rewind' });
    await expectToLeadOn(ferry);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 13));
    expect(await ferry.row()).toMatchObject({ generation: 1 });
  });
});

describe('TargetTruncated', () => {
  test('A soft-deleted stream that somebody else wrote to is not rewound: its events may be shown again', async () => {
    const ferry = await ferryWithTwelve();
    await ferry.client().deleteStream(ferry.stream);
    await ferry.client().appendToStream(ferry.stream, foreign());
    await expectStop(ferry, 'TargetConflict');
    await decide(ferry, { kind: 'revision', revision: 12 });
    await expectStop(ferry, 'TargetTruncated');
    await expect(decide(ferry, { kind: 'rewind' })).rejects.toMatchObject({ kind: 'TargetTruncated' });
    await ferry.client().setStreamMetadata(ferry.stream, {});
    await append(ferry);
    await ferry.run();
    expect(ferry.bodies().slice(13)).toEqual(['{"N":13}']);
    await expectExact(ferry);
  });
});

describe('SettingsChanged', () => {
  const changed = { TYPE_MAP: 'Numbered=Counted' };

  test('Accepting changed settings allows neither other settings, nor a return to the old ones', async () => {
    const ferry = await ferryWithTwelve();
    await append(ferry);
    await decide(ferry, { kind: 'settings' }, changed);
    await expectStop(ferry, 'SettingsChanged', { TYPE_MAP: 'Numbered=Other' });
    await ferry.run(changed);
    await expectStop(ferry, 'SettingsChanged');
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

  test('accept --chunk refuses a chunk whose events the stream holds already, and deleting the row leads on', async () => {
    const ferry = await ferryWithTwelve();
    const before = await ferry.row();
    await ferry.write(early, numbered(101, 103));
    await expectStop(ferry, 'SourceReordered');
    await decide(ferry, { kind: 'chunk', chunk: early });
    await ferry.run();
    const { memory } = before?.cursor ?? {};
    if (!memory) throw new Error('the row holds no source state');
    await ferry.changeRow((row) => ({ ...row, cursor: { ...row.cursor, memory } }));
    await expectStop(ferry, 'SourceReordered');
    await expect(decide(ferry, { kind: 'chunk', chunk: early })).rejects.toThrow('would double events');
    const events = ferry.events();
    await ferry.run({ CHECKPOINT_TABLE: `${ferry.table}other` });
    expect(ferry.events()).toEqual(events);
  });

  test.each([11, 13])(
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
});

describe('SourceForked', () => {
  test.each([10, 11])(
    'SourceForked: what was accepted stays complete when the target is restored to revision %i',
    async (revision) => {
      const ferry = await ferryWithTwelve();
      await ferry.write(first, [...numbered(1, 10), ...numbered(201, 202)]);
      await expectStop(ferry, 'SourceForked');
      await decide(ferry, { kind: 'chunk', chunk: first });
      await append(ferry);
      await ferry.run();
      await server().truncateTo(ferry.stream, revision);
      await expect(ferry.run()).rejects.toMatchObject({ kind: 'SourceForked' });
      await decide(ferry, { kind: 'chunk', chunk: first });
      await ferry.run();
      await expectExact(ferry);
      expect(new Set(ferry.bodies()).size).toBe(15);
      expect(ferry.events()).toHaveLength(15);
    },
  );

  test('accept --chunk reads what was added, once; and what is added later is a fork again', async () => {
    const ferry = await ferryWithTwelve();
    await ferry.write(first, [...numbered(1, 10), ...numbered(201, 202)]);
    await expectStop(ferry, 'SourceForked');
    await decide(ferry, { kind: 'chunk', chunk: first });
    await append(ferry);
    await expectToLeadOn(ferry);
    await ferry.write(first, [...numbered(1, 10), ...numbered(201, 204)]);
    await expectStop(ferry, 'SourceForked');
    await decide(ferry, { kind: 'chunk', chunk: first });
    await expectToLeadOn(ferry);
    expect(ferry.bodies()).toEqual([
      ...[...numberedBodies(1, 12), ...numberedBodies(201, 202), '{"N":13}', ...numberedBodies(203, 204)],
    ]);
  });
});

describe.each<[StopKind, string, (ferry: Ferry) => Promise<void>]>([
  ['SourceReordered', early, (ferry) => ferry.write(early, numbered(201, 202))],
  ['SourceForked', first, (ferry) => ferry.write(first, [...numbered(1, 10), ...numbered(201, 202)])],
])('%s', (kind, chunk, spoil) => {
  test('accept --chunk leads on where the row is behind the stream, as a kill leaves it', async () => {
    const ferry = await ferryWithTwelve();
    const old = await ferry.row();
    await append(ferry);
    await ferry.run();
    await spoil(ferry);
    const behind = () => ferry.changeRow(() => old ?? expect.fail('no row'));
    await behind();
    await expectStop(ferry, kind);
    await behind();
    await decide(ferry, { kind: 'chunk', chunk });
    await expectToLeadOn(ferry);
    expect(ferry.bodies()).toEqual([...numberedBodies(1, 13), ...numberedBodies(201, 202)]);
  });
});

describe.each<[StopKind, (ferry: Ferry) => Promise<unknown>, Decision]>([
  [
    'TargetConflict',
    (ferry) => ferry.client().appendToStream(ferry.stream, foreign()),
    { kind: 'revision', revision: 12 },
  ],
  [
    'SourceGap',
    (ferry) => ferry.write('00000020-2013-10-15-113000.dat', numbered(20, 21)),
    { kind: 'chunk', chunk: '00000020-2013-10-15-113000.dat' },
  ],
])('%s', (kind, spoil, decision) => {
  test('A finding that was accepted does not stop replication again when the row is lost and the next start fails', async () => {
    const ferry = await ferryWithTwelve();
    await spoil(ferry);
    await expectStop(ferry, kind);
    await decide(ferry, decision);
    await append(ferry);
    await ferry.run();
    const events = ferry.events();
    const withoutRow = { CHECKPOINT_TABLE: `${ferry.table}other` };
    const nobody = { ...withoutRow, EVENTSTORE_CONNECTION_STRING: 'esdb://127.0.0.1:1?tls=false' };
    await expect(ferry.run(nobody)).rejects.toMatchObject({ kind: 'TargetUnreachable' });
    expect(await ferry.row(withoutRow)).toMatchObject({ unplaced: true, run: { outage: { tries: 1 } } });
    await ferry.run(withoutRow);
    expect(ferry.events()).toEqual(events);
    expect(await ferry.row(withoutRow)).not.toHaveProperty('unplaced');
  });
});
