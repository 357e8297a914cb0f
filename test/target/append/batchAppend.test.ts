import type { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { deadlineMs } from '../../../src/target/append/batchAppend.js';
import type { AppendCall } from '../../../src/target/target.js';
import { embeddedServer } from '../../support/services/embeddedServer.js';
import { RecordingLogger } from '../../support/recordingLogger.js';
import { FakeClock } from '../../support/fakeClock.js';
import { eventually } from '../../support/waits.js';
import { failureOf, kinds, never, openTarget } from '../openTarget.js';
import { measured, sampleEvents } from '../sampleEvent.js';
import { batchRequest, scriptedServer, successFor } from '../scriptedServer.js';

/** Several appends of one event each, in flight at once. */
function inFlight(call: AppendCall, count: number): Promise<number>[] {
  return Array.from({ length: count }, (_, i) => call.append('billing', measured(sampleEvents(1)), i - 1));
}

describe('A call whose server falls silent', () => {
  test('A call whose server falls silent fails within its deadline, with everything in flight, and the next call works', async () => {
    const server = await embeddedServer();
    const clock = new FakeClock();
    const target = openTarget({ connectionString: server.connectionString, clock });
    const call = target.open();
    expect(await call.append('billing', measured(sampleEvents(1)), -1)).toBe(0);
    server.faults.silent = true;
    const appends = [
      call.append('billing', measured(sampleEvents(1)), 0),
      call.append('billing', measured(sampleEvents(1)), 1),
    ];
    await eventually('both appends to be sent', () => expect(clock.pending).toBe(2));
    clock.advance(15_999);
    expect(clock.pending).toBe(2);
    clock.advance(1);
    expect(await kinds(appends)).toEqual(['AppendUncertain', 'AppendUncertain']);
    expect(clock.pending).toBe(0);
    server.faults.clear();
    expect(await target.open().append('billing', measured(sampleEvents(1)), 0)).toBe(1);
  });

  test('A BatchAppend call gets a second more for each 64 KiB', () => {
    expect([0, 1, 65_536, 65_537, 1_048_576].map(deadlineMs)).toEqual([15_000, 16_000, 16_000, 17_000, 31_000]);
  });
});

describe('A call', () => {
  test('A BatchAppend call that the server ends politely rejects what is in flight', async () => {
    const server = await embeddedServer({ writeTimeoutMs: 600_000 });
    const target = openTarget({ connectionString: server.connectionString });
    const call = target.open();
    await call.append('billing', measured(sampleEvents(1)), -1);
    server.faults.holdCommits();
    const append = call.append('billing', measured(sampleEvents(1)), 0);
    await eventually('the append to arrive', () => expect(server.faults.writes).toBe(2));
    server.faults.endBatchAppendCalls();
    const failure = await failureOf(append);
    expect(failure.kind).toBe('AppendUncertain');
    expect(failure.message).toContain('the server ended the call');
  });

  test('A BatchAppend call matches answers that come in any order', async () => {
    const server = await embeddedServer();
    server.faults.reorderReplies = true;
    const call = openTarget({ connectionString: server.connectionString }).open();
    const order: number[] = [];
    const appends = inFlight(call, 20).map(async (append) => order.push(await append));
    await Promise.all(appends);
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(order).not.toEqual(order.toSorted((a, b) => a - b));
    call.close();
  });

  test('A BatchAppend call whose acknowledgement is lost fails; the events are there, and are recognised when sent again', async () => {
    const server = await embeddedServer();
    const clock = new FakeClock();
    const target = openTarget({ connectionString: server.connectionString, clock });
    const events = sampleEvents(2);
    server.faults.loseAcknowledgements();
    const lost = target.open().append('billing', measured(events), -1);
    await eventually('the events to be written', () => expect(server.lastRevision('billing')).toBe(1));
    clock.advance(60_000);
    expect((await failureOf(lost)).kind).toBe('AppendUncertain');
    expect(await target.open().append('billing', measured(events), -1)).toBe(1);
    expect(server.lastRevision('billing')).toBe(1);
  });

  test.each(['dropBefore', 'dropAfter'] as const)('A BatchAppend call that is cut (%s) fails whole', async (fault) => {
    const server = await embeddedServer();
    const target = openTarget({ connectionString: server.connectionString });
    const call = target.open();
    await call.append('billing', measured(sampleEvents(1)), -1);
    server.faults.next('none', fault);
    const appends = [
      call.append('billing', measured(sampleEvents(1)), 0),
      call.append('billing', measured(sampleEvents(1)), 1),
      call.append('billing', measured(sampleEvents(1)), 2),
    ];
    const outcomes = await Promise.allSettled(appends);
    expect(outcomes.slice(1).map(({ status: how }) => how)).toEqual(['rejected', 'rejected']);
    for (const append of appends.slice(1)) expect((await failureOf(append)).kind).toBe('AppendUncertain');
    expect((await failureOf(call.append('billing', measured(sampleEvents(1)), 3))).kind).toBe('AppendUncertain');
    const tail = await target.tail('billing', never);
    expect(tail.kind === 'event' && tail.event.revision).toBe(server.lastRevision('billing'));
  });

  test('A BatchAppend call that times out at the server is of unknown outcome', async () => {
    const server = await embeddedServer();
    const call = openTarget({ connectionString: server.connectionString }).open();
    server.faults.next('timeoutAfter');
    expect((await failureOf(call.append('billing', measured(sampleEvents(1)), -1))).kind).toBe('AppendUncertain');
    expect(server.lastRevision('billing')).toBe(0);
  });

  test('A BatchAppend call says requires-leader and the name of the connection, and gives the server a duration if it knows those', async () => {
    for (const features of ['durations', 'batch'] as const) {
      const seen: { metadata: Record<string, unknown>; request: BatchAppendReq; bytes: Buffer }[] = [];
      const { connectionString } = await scriptedServer({
        features,
        batchAppend: (call) =>
          void call.on('data', (bytes: Buffer) => {
            const request = batchRequest(bytes);
            seen.push({ metadata: call.metadata.getMap(), request, bytes });
            call.write(successFor(request));
          }),
      });
      const target = openTarget({ connectionString: `${connectionString}&connectionName=ferry` });
      await target.open().append('billing', measured(sampleEvents(1)), -1);
      expect(seen).toHaveLength(1);
      expect(seen[0]?.metadata).toMatchObject({ 'requires-leader': 'true', 'connection-name': 'ferry' });
      expect(seen[0]?.metadata['user-agent']).toMatch(/grpc-node/);
      const sixteenSeconds = Buffer.of(0x3a, 2, 0x08, 16);
      expect(seen[0]?.bytes.includes(sixteenSeconds)).toBe(features === 'durations');
      expect(seen[0]?.request.getOptions()?.hasDeadline()).toBe(false);
      expect(seen[0]?.request.getIsFinal()).toBe(true);
    }
  });
});

describe('A node that does not lead', () => {
  test('A node that does not lead is left for the leader that it names, by appends and by reads', async () => {
    const [follower, leader] = [await embeddedServer(), await embeddedServer()];
    const logger = new RecordingLogger();
    const target = openTarget({ connectionString: follower.connectionString, logger });
    const call = target.open();
    await call.append('billing', measured(sampleEvents(1)), -1);
    follower.faults.leader = { host: '127.0.0.1', port: leader.port };
    call.close();
    const failure = await failureOf(target.open().append('billing', measured(sampleEvents(1)), 0));
    expect(failure).toMatchObject({ kind: 'AppendUncertain', policy: 'resume' });
    expect(failure.message).toContain(`the leader is now 127.0.0.1:${leader.port}`);
    expect(logger.events('warn')).toEqual(['append-call-lost']);
    expect(await target.open().append('billing', measured(sampleEvents(2)), -1)).toBe(1);
    expect(leader.lastRevision('billing')).toBe(1);

    leader.faults.leader = { host: '127.0.0.1', port: follower.port };
    follower.faults.leader = undefined;
    expect(await target.tail('billing', never)).toMatchObject({ kind: 'event', event: { revision: 0 } });
  });

  test('A node that stops leading in the middle of a call leaves what is in flight uncertain', async () => {
    const leader = await embeddedServer();
    const metadata = new Metadata();
    metadata.set('exception', 'not-leader');
    metadata.set('leader-endpoint-host', '127.0.0.1');
    metadata.set('leader-endpoint-port', String(leader.port));
    const resigned = Object.assign(new Error('not leader'), { code: status.NOT_FOUND, metadata });
    const { connectionString } = await scriptedServer({
      batchAppend: (call) => void call.once('data', () => call.emit('error', resigned)),
    });
    const target = openTarget({ connectionString });
    expect(await kinds(inFlight(target.open(), 3))).toEqual(Array(3).fill('AppendUncertain'));
    expect(await target.open().append('billing', measured(sampleEvents(1)), -1)).toBe(0);
    expect(leader.lastRevision('billing')).toBe(0);
  });

  test('Nodes that name each other as leader in a circle are a refusal', async () => {
    const server = await embeddedServer();
    server.faults.leader = { host: '127.0.0.1', port: server.port };
    const target = openTarget({ connectionString: server.connectionString });
    expect((await failureOf(target.tail('billing', never))).kind).toBe('TargetRefused');
  });
});
