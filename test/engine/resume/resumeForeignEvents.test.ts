import { jsonEvent, type EventData } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../../support/ferry.js';
import { rewriteStream, withoutLink } from '../../support/rewriteStream.js';
import { chunk, decide, expectStop, fail, openFerryWithTen } from './resumeFerry.js';

const server = sharedEmbeddedServer();
const ferryWithTen = (): Promise<Ferry> => openFerryWithTen(server());

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
    const last = ferry.events().map(withoutLink).at(-1); // the chain would show it too
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

// What is wrong in a chain: `chain.test.ts`. Events of schema 1 have none, and what is wrong among them shows in the source.
describe('when somebody else wrote while appends of ours of schema 1 were in flight', () => {
  const next = '00000005-2013-10-15-093100.dat';

  /** The stream holds records 1 to 5, `between`, and the last of ten: appended behind what was not ours. */
  async function ferryWithHole(between: readonly EventData[]): Promise<Ferry> {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 5));
    await ferry.run();
    const row = await ferry.row();
    await ferry.write(next, numbered(6, 10));
    await ferry.run();
    const last = ferry.events().map(withoutLink).at(-1);
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
    await rewriteStream(ferry, (events) => {
      events.splice(0, Infinity, ...events.map(withoutLink).toSpliced(revision, 1));
    });
    await ferry.changeRow(() => row ?? fail('there is no row'));
    await expectStop(ferry, 'TargetConflict');
  });
});
