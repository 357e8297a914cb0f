import { jsonEvent } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { parseMark } from '../../../src/convert/eventIdAndMark.js';
import { noEvent } from '../../../src/core/mark.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../../support/ferry.js';
import { rewriteStream, withoutLink } from '../../support/rewriteStream.js';

const server = sharedEmbeddedServer();
const chunk = '00000001-2013-10-15-093000.dat';
const next = '00000005-2013-10-15-093100.dat';
const live = new AbortController().signal;

/** A ferry that has replicated ten records. */
async function ferryWithTen(): Promise<Ferry> {
  const ferry = await Ferry.open(server());
  await ferry.write(chunk, numbered(1, 10));
  await ferry.run();
  return ferry;
}

async function accept(ferry: Ferry, revision: number): Promise<void> {
  await (await ferry.replicator().decide({ kind: 'revision', revision }, live)).apply();
}

/** What each event names as the event before it, and what stands there. */
function links(ferry: Ferry): { named: (string | undefined)[]; standing: string[] } {
  const events = ferry.events();
  return {
    named: events.map(({ metadata }) => parseMark(metadata)?.after),
    standing: [noEvent, ...events.slice(0, -1).map(({ id }) => id)],
  };
}

async function expectEqual(ferry: Ferry): Promise<void> {
  expect(await ferry.replicator().verify({ stop: live })).toMatchObject({ equal: true, differences: { first: [] } });
}

describe('The chain of a stream', () => {
  test('Each event names the event before it, across records, requests, chunks, runs and processes', async () => {
    const ferry = await Ferry.open(server(), { APPEND_BYTES: '4096' });
    const large = { messages: [1, 2, 3].map((n) => ['Part', `{"N":${n},"pad":"${'x'.repeat(2_500)}"}`] as const) };
    await ferry.write(chunk, [...numbered(1, 4), large, { key: 'audit' }, ...numbered(7, 7)]);
    await ferry.run();
    await ferry.write(next, numbered(8, 12));
    await ferry.run();
    await server().truncateTo(ferry.stream, 5); // inside the large record
    await ferry.run();
    const { named, standing } = links(ferry);
    expect(named).toHaveLength(13);
    expect(named).toEqual(standing);
    await expectEqual(ferry);
  });

  test('The first event of ours behind foreign ones that were accepted names the last of them', async () => {
    const ferry = await ferryWithTen();
    const foreign = [jsonEvent({ type: 'Foreign', data: {} }), jsonEvent({ type: 'Foreign', data: {} })];
    await ferry.client().appendToStream(ferry.stream, foreign);
    await accept(ferry, 11);
    await ferry.write(next, numbered(11, 12));
    await ferry.run();
    const { named, standing } = links(ferry);
    expect(named.slice(12)).toEqual(standing.slice(12));
    await expectEqual(ferry);
    await ferry.run({ CHECKPOINT_TABLE: `${ferry.table}other` });
    expect(ferry.events()).toHaveLength(14);
  });

  test.each([
    ['', false],
    [', without the row', true],
  ])('A copy of an event of ours at the end is TargetConflict%s', async (_, lost) => {
    const ferry = await ferryWithTen();
    await rewriteStream(ferry, (events) => events.push(...events.slice(4, 5)));
    const settings = lost ? { CHECKPOINT_TABLE: `${ferry.table}other` } : {};
    await expect(ferry.run(settings)).rejects.toMatchObject({ kind: 'TargetConflict', facts: { revision: 10 } });
    expect(ferry.events()).toHaveLength(11);
  });

  test('A copy of an event of ours that a person accepts stays, and what comes next follows once', async () => {
    const ferry = await ferryWithTen();
    await rewriteStream(ferry, (events) => events.push(...events.slice(4, 5)));
    await accept(ferry, 10);
    await ferry.write(next, numbered(11, 12));
    await ferry.run();
    expect(ferry.bodies()).toEqual([...numberedBodies(1, 10), '{"N":5}', ...numberedBodies(11, 12)]);
    await expectEqual(ferry);
    await ferry.run();
    expect(ferry.events()).toHaveLength(13);
  });

  test('Only an event that is not where we wrote it can be accepted', async () => {
    const ferry = await ferryWithTen();
    await expect(accept(ferry, 9)).rejects.toMatchObject({ kind: 'NotApplicable' });
  });

  test.each(['missing', 'swapped'] as const)(
    'Events of ours that are %s are TargetConflict, without the row',
    async (what) => {
      const ferry = await ferryWithTen();
      await rewriteStream(ferry, (events) => {
        const taken = events.splice(6, 1);
        if (what === 'swapped') events.splice(5, 0, ...taken);
      });
      const settings = { CHECKPOINT_TABLE: `${ferry.table}other` };
      await expect(ferry.run(settings)).rejects.toMatchObject({ kind: 'TargetConflict', policy: 'stop' });
    },
  );

  test('Behind events of schema 1, which name none before them, the chain begins', async () => {
    const ferry = await ferryWithTen();
    await rewriteStream(ferry, (events) => void events.splice(0, Infinity, ...events.map(withoutLink)));
    await ferry.write(next, numbered(11, 12));
    await ferry.run({ CHECKPOINT_TABLE: `${ferry.table}other` });
    const { named, standing } = links(ferry);
    expect(named).toEqual([...Array<undefined>(10), ...standing.slice(10)]);
    await expectEqual(ferry);
  });

  test('The chain is not checked behind events that the stream hides', async () => {
    const ferry = await ferryWithTen();
    await ferry.client().setStreamMetadata(ferry.stream, { truncateBefore: 6 });
    await ferry.write(next, numbered(11, 12));
    await ferry.run({ CHECKPOINT_TABLE: `${ferry.table}other` });
    expect(ferry.bodies().slice(-2)).toEqual(numberedBodies(11, 12));
  });
});
