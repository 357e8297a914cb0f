import { Client, credentials, Metadata, type sendUnaryData, type ServerReadableStream, status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { EventStoreServer, EventStoreServerOptions } from '../../../dev/eventstore/eventStoreServer.js';
import type { Target } from '../../../src/target/target.js';
import { embeddedServer } from '../../support/services/embeddedServer.js';
import { FakeClock } from '../../support/fakeClock.js';
import { eventually } from '../../support/waits.js';
import { failureOf, never, openTarget } from '../openTarget.js';
import { measured, sampleEvent, sampleEvents } from '../sampleEvent.js';
import { scriptedServer } from '../scriptedServer.js';

const asIs = (bytes: Buffer): Buffer => bytes;

/** A server without BatchAppend: the embedded one behind a node that does not pass it on. */
async function oldServer(features: 'plain' | 'unimplemented' = 'plain', options: EventStoreServerOptions = {}) {
  const behind = await embeddedServer(options);
  const client = new Client(`127.0.0.1:${behind.port}`, credentials.createInsecure());
  onTestFinished(() => client.close());
  let open = 0;
  const seen = { maxOpen: 0, metadata: [] as Metadata[] };
  const append = (call: ServerReadableStream<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void => {
    seen.maxOpen = Math.max(seen.maxOpen, ++open);
    seen.metadata.push(call.metadata);
    const path = '/event_store.client.streams.Streams/Append';
    const forward = client.makeClientStreamRequest(path, asIs, asIs, new Metadata(), (error, bytes) => {
      open--;
      answer(error, bytes);
    });
    forward.on('error', () => undefined);
    call.on('data', (bytes: Buffer) => forward.write(bytes));
    call.on('end', () => forward.end());
  };
  const { connectionString } = await scriptedServer({ features, append });
  return { behind, connectionString, seen };
}

async function tailOf(server: EventStoreServer): Promise<Awaited<ReturnType<Target['tail']>>> {
  return openTarget({ connectionString: server.connectionString }).tail('billing', never);
}

describe('A server without BatchAppend', () => {
  test.each(['plain', 'unimplemented'] as const)(
    'A server without BatchAppend gets one append at a time, in order (%s)',
    async (features) => {
      const { behind, connectionString, seen } = await oldServer(features);
      const call = openTarget({ connectionString: `${connectionString}&connectionName=ferry` }).open();
      const events = sampleEvents(30);
      const answers = Array.from({ length: 10 }, (_, i) =>
        call.append('billing', measured(events.slice(i * 3, i * 3 + 3)), i * 3 - 1),
      );
      await call.writable();
      expect(await Promise.all(answers)).toEqual(answers.map((_, i) => i * 3 + 2));
      expect(seen.maxOpen).toBe(1);
      expect(seen.metadata[0]?.getMap()).toMatchObject({ 'requires-leader': 'true', 'connection-name': 'ferry' });
      const stored = behind.events('billing');
      expect(stored.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
      expect(stored.map(({ data }) => data.toString())).toEqual(events.map(({ data }) => Buffer.from(data).toString()));
      call.close();
    },
  );

  test('A server without BatchAppend refuses a wrong revision, and all behind it are uncertain', async () => {
    const { behind, connectionString } = await oldServer();
    const call = openTarget({ connectionString }).open();
    await call.append('billing', measured(sampleEvents(3)), -1);
    const [wrong, next] = [
      call.append('billing', measured(sampleEvents(1)), 0),
      call.append('billing', measured(sampleEvents(1)), 2),
    ];
    expect(await failureOf(wrong)).toMatchObject({
      kind: 'WrongExpectedRevision',
      facts: { stream: 'billing', expected: 0, actual: '2' },
    });
    expect((await failureOf(next)).kind).toBe('AppendUncertain');
    expect(behind.lastRevision('billing')).toBe(2);
    await call.writable();
  });

  test('A server without BatchAppend recognises what it already has', async () => {
    const { behind, connectionString } = await oldServer();
    const call = openTarget({ connectionString }).open();
    const events = sampleEvents(3);
    await call.append('billing', measured(events), -1);
    expect(await call.append('billing', measured(events), -1)).toBe(2);
    expect(behind.lastRevision('billing')).toBe(2);
  });

  test('A server without BatchAppend teaches the limit of an append', async () => {
    const { connectionString } = await oldServer('plain', { maxAppendBytes: 5_000 });
    const target = openTarget({ connectionString });
    const events = [sampleEvent({ data: Buffer.alloc(3_000) }), sampleEvent({ data: Buffer.alloc(3_000) })];
    expect((await failureOf(target.open().append('billing', measured(events), -1))).kind).toBe('AppendTooLarge');
    expect(target.appendBytes).toBe(5_000);
  });

  test('A server without BatchAppend teaches the limit of one event', async () => {
    const { connectionString } = await oldServer('plain', { maxEventBytes: 5_000 });
    const target = openTarget({ connectionString });
    const large = sampleEvent({ data: Buffer.alloc(6_000), at: { position: 9 } });
    expect((await failureOf(target.open().append('billing', measured([...sampleEvents(1), large]), -1))).kind).toBe(
      'AppendTooLarge',
    );
    expect(() => target.measure(large)).toThrow('Event 0 of position 9');
  });

  test('A server without BatchAppend says that a stream is tombstoned', async () => {
    const { behind, connectionString } = await oldServer();
    const { EventStoreDBClient } = await import('@eventstore/db-client');
    const admin = EventStoreDBClient.connectionString(behind.connectionString);
    await admin.tombstoneStream('billing');
    await admin.dispose();
    const call = openTarget({ connectionString }).open();
    expect((await failureOf(call.append('billing', measured(sampleEvents(1)), -1))).kind).toBe('TargetDeleted');
    expect(await tailOf(behind)).toEqual({ kind: 'tombstoned' });
  });

  test('A server without BatchAppend that falls silent fails within the deadline', async () => {
    const { behind, connectionString, seen } = await oldServer();
    behind.faults.silent = true;
    const clock = new FakeClock();
    const call = openTarget({ connectionString, clock }).open();
    const [append, next] = [
      call.append('billing', measured(sampleEvents(1)), -1),
      call.append('billing', measured(sampleEvents(1)), 0),
    ];
    await eventually('the append to arrive', () => expect(seen.metadata).toHaveLength(1));
    clock.advance(16_000);
    expect((await failureOf(append)).kind).toBe('AppendUncertain');
    expect((await failureOf(next)).kind).toBe('AppendUncertain');
    expect(clock.pending).toBe(0);
  });

  test('A server without BatchAppend that breaks off leaves the append uncertain', async () => {
    const { connectionString } = await scriptedServer({
      features: 'plain',
      append: (_, answer) => answer({ code: status.ABORTED, details: 'Operation timed out: Commit phase timeout.' }),
    });
    const failure = await failureOf(
      openTarget({ connectionString })
        .open()
        .append('billing', measured(sampleEvents(1)), -1),
    );
    expect(failure.kind).toBe('AppendUncertain');
    expect(failure.message).toContain('Commit phase timeout');
  });

  test('A server without BatchAppend that answers nonsense leaves the append uncertain', async () => {
    for (const bytes of [Buffer.of(), Buffer.of(0x0a, 0x7f, 1)]) {
      const { connectionString } = await scriptedServer({
        features: 'plain',
        append: (_, answer) => answer(null, bytes),
      });
      const failure = await failureOf(
        openTarget({ connectionString })
          .open()
          .append('billing', measured(sampleEvents(1)), -1),
      );
      expect(failure.kind).toBe('AppendUncertain');
    }
  });

  test('A call to a server without BatchAppend can be closed', async () => {
    let arrived = 0;
    const { connectionString } = await scriptedServer({ features: 'plain', append: () => void (arrived += 1) });
    const clock = new FakeClock();
    const call = openTarget({ connectionString, clock }).open();
    const append = call.append('billing', measured(sampleEvents(1)), -1);
    const refusal = failureOf(append);
    await eventually('the append to arrive', () => expect(arrived).toBe(1));
    call.close();
    expect((await refusal).kind).toBe('AppendUncertain');
    expect((await failureOf(call.append('billing', measured(sampleEvents(1)), 0))).kind).toBe('AppendUncertain');
    expect(clock.pending).toBe(0);
  });
});
