import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/core/clock.js';
import { eventStoreTarget } from '../../src/target/eventStoreTarget.js';
import { noStream, type Target } from '../../src/target/target.js';
import { silentLogger } from '../../src/core/logger.js';
import { failureOf, never } from '../target/openTarget.js';
import { measured, sampleEvent, sampleEvents } from '../target/sampleEvent.js';
import { streamsOf } from './targetStreams.js';

/** A server to hold against the contract. */
export interface TargetUnderTest {
  /** User and password included, if it wants them. */
  readonly connectionString: string;
  /** Default: the machine's own. */
  readonly clock?: Clock;
  stop(): Promise<void>;
}

/** What a target promises, whichever server it is. Each test uses a stream of its own. */
export function targetContract(name: string, start: () => Promise<TargetUnderTest>): void {
  describe(name, () => {
    let server: TargetUnderTest;
    let target: Target;
    let admin: EventStoreDBClient;
    const { newStream, written, append, all } = streamsOf(() => target);

    beforeAll(async () => {
      server = await start();
      const { connectionString, clock = systemClock } = server;
      target = eventStoreTarget({ connectionString, appendBytes: 1_048_576, clock, logger: silentLogger });
      admin = EventStoreDBClient.connectionString(connectionString);
    });

    afterAll(async () => {
      await target.close();
      await admin.dispose();
      await server.stop();
    });

    test('A stream that was never written is absent', async () => {
      expect(await target.tail(newStream(), never)).toEqual({ kind: 'absent' });
    });

    test('The tail is the last event written', async () => {
      const stream = newStream();
      const events = sampleEvents(3);
      expect(await append(stream, events, noStream)).toBe(2);
      const tail = await target.tail(stream, never);
      expect(tail).toMatchObject({ kind: 'event', event: { id: events[2]?.id, revision: 2, type: 'InvoicePaid' } });
      expect(tail).not.toHaveProperty('retention');
    });

    test('Every byte comes back as it was sent', async () => {
      const stream = newStream();
      const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);
      const events = [
        sampleEvent({ data: everyByte, metadata: everyByte, contentType: 'application/octet-stream' }),
        sampleEvent({ data: Buffer.from('{"id":9007199254740993,"x":1.10,"2":0,"1":0,"1":1}') }),
        sampleEvent({ data: Buffer.from(' [ 1 ]\r\n'), type: 'Ünïcode/Type.名前 🎉' }),
        sampleEvent({ data: new Uint8Array(), metadata: new Uint8Array(), contentType: 'application/octet-stream' }),
        sampleEvent({ data: Buffer.alloc(1_000_000, 7), contentType: 'application/octet-stream' }),
      ];
      await append(stream, events, noStream);
      const stored = await all(stream, { revision: 0, direction: 'forwards' }, never);
      expect(stored.map(({ id, type, contentType }) => ({ id, type, contentType }))).toEqual(
        events.map(({ id, type, contentType }) => ({ id, type, contentType })),
      );
      for (const [index, event] of events.entries()) {
        expect(Buffer.compare(stored[index]?.data ?? Buffer.of(), event.data)).toBe(0);
        expect(Buffer.compare(stored[index]?.metadata ?? Buffer.of(), event.metadata)).toBe(0);
      }
    });

    test('Appends in flight are written in the order in which they were made', async () => {
      const stream = newStream();
      const events = sampleEvents(400);
      const call = target.open();
      const answers = Array.from({ length: 100 }, (_, i) =>
        call.append(stream, measured(events.slice(i * 4, i * 4 + 4)), i * 4 - 1),
      );
      expect(await Promise.all(answers)).toEqual(answers.map((_, i) => i * 4 + 3));
      call.close();
      const stored = await all(stream, { revision: 0, direction: 'forwards' }, never);
      expect(stored.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
      expect(stored.map(({ revision }) => revision)).toEqual(events.map((_, i) => i));
    });

    test('The same events behind the same revision are recognised and not written again', async () => {
      const stream = newStream();
      const events = sampleEvents(4);
      await append(stream, events, noStream);
      expect(await append(stream, events, noStream)).toBe(3);
      expect(await append(stream, events.slice(1, 3), 0)).toBe(2);
      expect(await all(stream, { revision: 0, direction: 'forwards' }, never)).toHaveLength(4);
    });

    test('An append behind another revision is refused, and everything behind it on the call with it', async () => {
      const stream = await written(3);
      const call = target.open();
      const wrong = call.append(stream, measured(sampleEvents(1)), 1);
      const behind = call.append(stream, measured(sampleEvents(1)), 2);
      const failure = await failureOf(wrong);
      expect(failure).toMatchObject({ kind: 'WrongExpectedRevision', facts: { stream, expected: 1, actual: '2' } });
      expect((await failureOf(behind)).kind).toBe('AppendUncertain');
      expect((await failureOf(call.append(stream, measured(sampleEvents(1)), 2))).kind).toBe('AppendUncertain');
      await call.writable();
    });

    test('A stream that should be new but is not is refused', async () => {
      const stream = await written(1);
      expect(await failureOf(append(stream, sampleEvents(1), noStream))).toMatchObject({
        kind: 'WrongExpectedRevision',
        facts: { expected: -1, actual: '0' },
      });
    });

    test('A stream that should be there but is not is refused', async () => {
      expect(await failureOf(append(newStream(), sampleEvents(1), 7))).toMatchObject({
        kind: 'WrongExpectedRevision',
        facts: { expected: 7, actual: '-1' },
      });
    });

    test('An append of nothing changes nothing', async () => {
      const stream = newStream();
      expect(await append(stream, [], noStream)).toBe(noStream);
      expect((await target.tail(stream, never)).kind).toBe('absent');
    });

    test('A soft-deleted stream is truncated, and does not take what it already had', async () => {
      const stream = newStream();
      const events = sampleEvents(2);
      await append(stream, events, noStream);
      await admin.deleteStream(stream);
      expect(await target.tail(stream, never)).toEqual({
        kind: 'truncated',
        reason: `stream ${stream} was soft-deleted`,
      });
      expect(await failureOf(append(stream, events, noStream))).toMatchObject({
        kind: 'TargetTruncated',
        facts: { stream },
      });
      expect((await target.tail(stream, never)).kind).toBe('truncated');
    });

    test('A tombstoned stream says so', async () => {
      const stream = await written(2);
      await admin.tombstoneStream(stream);
      expect(await target.tail(stream, never)).toEqual({ kind: 'tombstoned' });
      expect(await failureOf(append(stream, sampleEvents(1), 1))).toMatchObject({
        kind: 'TargetDeleted',
        facts: { stream },
      });
      expect(await all(stream, { revision: 0, direction: 'forwards' }, never)).toEqual([]);
    });

    test('A stream whose events are all hidden is truncated, and the reason names the metadata', async () => {
      const stream = await written(3);
      await admin.setStreamMetadata(stream, { truncateBefore: 10 });
      expect(await target.tail(stream, never)).toEqual({
        kind: 'truncated',
        reason: `every event of stream ${stream} is hidden by its metadata ($tb is 10)`,
      });
    });

    test('A stream that has metadata but no event is truncated', async () => {
      const stream = newStream();
      await admin.setStreamMetadata(stream, { maxCount: 5 }, { expectedRevision: NO_STREAM });
      expect(await target.tail(stream, never)).toMatchObject({ kind: 'truncated' });
    });

    test('A tail under retention comes with it', async () => {
      const stream = await written(3);
      await admin.setStreamMetadata(stream, { maxCount: 5, maxAge: 3600, truncateBefore: 1 });
      expect(await target.tail(stream, never)).toMatchObject({
        kind: 'event',
        event: { revision: 2 },
        retention: { maxCount: 5, maxAgeSeconds: 3600, truncateBefore: '1' },
      });
    });

    test('Metadata that hides nothing is no retention', async () => {
      const stream = await written(1);
      await admin.setStreamMetadata(stream, { owner: 'billing' });
      expect(await target.tail(stream, never)).not.toHaveProperty('retention');
    });

    test('An event that another client wrote is read like any other', async () => {
      const stream = newStream();
      const foreign = jsonEvent({ type: 'Foreign', data: { a: 1 } });
      await admin.appendToStream(stream, foreign);
      expect(await target.tail(stream, never)).toMatchObject({
        kind: 'event',
        event: { id: foreign.id, type: 'Foreign' },
      });
    });

    test('A read goes forwards and backwards over many pages, and stops where it is told', async () => {
      const stream = newStream();
      await append(stream, sampleEvents(1_100), noStream);
      const revisions = async (...[from]: [Parameters<Target['read']>[1]]): Promise<number[]> =>
        (await all(stream, from, never)).map(({ revision }) => revision);
      const forwards = Array.from({ length: 1_100 }, (_, i) => i);
      expect(await revisions({ revision: 0, direction: 'forwards' })).toEqual(forwards);
      expect(await revisions({ revision: Infinity, direction: 'backwards' })).toEqual(forwards.toReversed());
      expect(await revisions({ revision: 1_098, direction: 'forwards' })).toEqual([1_098, 1_099]);
      expect(await revisions({ revision: 3, direction: 'backwards', count: 2 })).toEqual([3, 2]);
      expect(await revisions({ revision: 10, direction: 'forwards', count: 501 })).toHaveLength(501);
      expect(await revisions({ revision: 5_000, direction: 'forwards' })).toEqual([]);
    });

    test('A page of large events is cut and read on', async () => {
      const stream = newStream();
      const large = Array.from({ length: 12 }, (_, i) =>
        sampleEvent({ data: Buffer.alloc(900_000, i), contentType: 'application/octet-stream' }),
      );
      const call = target.open();
      await Promise.all(large.map((event, i) => call.append(stream, measured([event]), i - 1)));
      call.close();
      const stored = await all(stream, { revision: 0, direction: 'forwards' }, never);
      expect(stored.map(({ data }) => data[0])).toEqual(large.map((_, i) => i));
    });

    test('A missing stream reads as no events', async () => {
      expect(await all(newStream(), { revision: 0, direction: 'forwards' }, never)).toEqual([]);
    });

    test('Closing a call rejects what is in flight and all that follows', async () => {
      const stream = newStream();
      const call = target.open();
      const inFlight = call.append(stream, measured(sampleEvents(1)), noStream);
      call.close();
      call.close();
      expect((await failureOf(inFlight)).kind).toBe('AppendUncertain');
      expect((await failureOf(call.append(stream, measured(sampleEvents(1)), 0))).kind).toBe('AppendUncertain');
      await call.writable();
    });

    test('An aborted signal ends a tail and a read with its own reason', async () => {
      const reason = new Error('enough');
      await expect(target.tail(newStream(), AbortSignal.abort(reason))).rejects.toBe(reason);
      await expect(all(newStream(), { revision: 0, direction: 'forwards' }, AbortSignal.abort(reason))).rejects.toBe(
        reason,
      );
    });
  });
}
