import sharedMessages from '@eventstore/db-client/generated/shared_pb.js';
import type { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { randomBytes, randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Channel, credentials, Metadata, status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../src/core/clock.js';
import { beginning } from '../../../src/core/cursor.js';
import type { TargetEvent } from '../../../src/core/record.js';
import { Pipeline } from '../../../src/engine/append/pipeline.js';
import { AppendLimit } from '../../../src/target/append/limit.js';
import { BatchAppendCall, BufferPool, deadlineMs } from '../../../src/target/append/batchAppend.js';
import { Connection } from '../../../src/target/connect/connection.js';
import { OwnSockets } from '../../../src/target/connect/ownSockets.js';
import { noStream, type AppendCall, type Target } from '../../../src/target/target.js';
import { embeddedServer } from '../../support/services/embeddedServer.js';
import { RecordingLogger } from '../../support/recordingLogger.js';
import { FakeClock } from '../../support/fakeClock.js';
import { sampleEvents as recordEvents, sampleRecord } from '../../support/stores/sampleRecords.js';
import { eventually, until } from '../../support/waits.js';
import { failureOf, never, openTarget } from '../openTarget.js';
import { measured, sampleEvent, sampleEvents } from '../sampleEvent.js';
import { batchRequest, errorFor, scriptedServer, successFor } from '../scriptedServer.js';

/** Several appends of one event each, in flight at once. */
function inFlight(call: AppendCall, count: number): Promise<number>[] {
  return Array.from({ length: count }, (_, i) => call.append('billing', measured(sampleEvents(1)), i - 1));
}

function kinds(appends: Promise<number>[]): Promise<string[]> {
  return Promise.all(appends.map(async (append) => (await failureOf(append)).kind));
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

describe('A server that refuses an append', () => {
  /** The failures of two appends in flight when the first is answered with an error. */
  async function refused(answer: (request: BatchAppendReq) => Buffer[], events: TargetEvent[] = sampleEvents(2)) {
    const { connectionString } = await scriptedServer({
      batchAppend: (call) =>
        void call.once('data', (bytes: Buffer) => answer(batchRequest(bytes)).forEach((each) => call.write(each))),
    });
    const target = openTarget({ connectionString });
    const call = target.open();
    const [first, second] = [
      call.append('billing', measured(events), 4),
      call.append('billing', measured(sampleEvents(1)), 6),
    ];
    const failures = [await failureOf(first), await failureOf(second)] as const;
    expect(failures[1].kind).toBe('AppendUncertain');
    return { failure: failures[0], target };
  }

  test('An append that is refused for a deleted stream is TargetDeleted', async () => {
    const { failure } = await refused((r) => [errorFor(r, 5, 'StreamDeleted', 'StreamDeleted')]);
    expect(failure).toMatchObject({ kind: 'TargetDeleted', policy: 'stop', facts: { stream: 'billing', expected: 4 } });
  });

  test('An append that is refused for a missing right is TargetDenied', async () => {
    const { failure } = await refused((r) => [errorFor(r, 7, 'AccessDenied', 'Access Denied')]);
    expect(failure.kind).toBe('TargetAccessDenied');
  });

  test('A server that refuses an append because it is too large teaches the limit', async () => {
    const events = [sampleEvent({ data: randomBytes(5_000) }), sampleEvent({ data: randomBytes(5_000) })];
    const detail = new sharedMessages.MaximumAppendSizeExceeded().setMaxappendsize(6_000).serializeBinary();
    const { failure, target } = await refused(
      (r) => [errorFor(r, 3, 'MaximumAppendSizeExceeded', 'too large', Buffer.from(detail))],
      events,
    );
    expect(failure).toMatchObject({ kind: 'AppendTooLarge', policy: 'resume', facts: { limit: 6_000 } });
    expect(target.appendBytes).toBe(6_000);
    expect(() => target.measure(sampleEvent({ data: randomBytes(6_000) }))).toThrow('the limit of one append');
  });

  test('A server that refuses an append with a limit that the append did not exceed is not believed', async () => {
    const detail = new sharedMessages.MaximumAppendSizeExceeded().setMaxappendsize(1_048_576).serializeBinary();
    const { failure, target } = await refused((r) => [
      errorFor(r, 3, 'MaximumAppendSizeExceeded', 'too large', Buffer.from(detail)),
    ]);
    expect(failure.kind).toBe('TargetRefused');
    expect(target.appendBytes).toBe(1_048_576);
  });

  /** `{event id = 1, proposed size = 2, limit = 3}`, the limit 400. */
  function eventTooLarge(event: TargetEvent | undefined): Buffer<ArrayBuffer> {
    const id = Buffer.from(event?.id ?? '');
    return Buffer.concat([Buffer.of(0x0a, id.length), id, Buffer.of(0x10, 0xe8, 0x07, 0x18, 0x90, 0x03)]);
  }

  test('A server that refuses an append because one event is too large teaches that limit, and the next try names the event before it is sent', async () => {
    const events = sampleEvents(2, { data: randomBytes(1_000) });
    const { failure, target } = await refused(
      (r) => [errorFor(r, 3, 'MaximumAppendEventSizeExceeded', 'too large', eventTooLarge(events[1]))],
      events,
    );
    expect(failure).toMatchObject({ kind: 'AppendTooLarge', policy: 'resume', facts: { limit: 400 } });
    const [, second = sampleEvent()] = events;
    expect(() => target.measure(second)).toThrow('Event 0 of position 2');
  });

  test('A server that refuses an append with a limit for one event that none exceeds is not believed', async () => {
    const events = sampleEvents(2, { data: Buffer.alloc(1), metadata: Buffer.alloc(1) });
    const { failure, target } = await refused(
      (r) => [errorFor(r, 3, 'MaximumAppendEventSizeExceeded', 'too large', eventTooLarge(events[1]))],
      events,
    );
    expect(failure.kind).toBe('TargetRefused');
    target.measure(sampleEvent({ data: randomBytes(1_000) }));
  });

  test('An append that the server refuses as bad, and times out behind that, fails once', async () => {
    const { failure } = await refused((r) => [
      errorFor(r, 3, 'BadRequest', 'The field eventType is required'),
      errorFor(r, 4, 'Timeout', 'Timeout'),
      successFor(r),
    ]);
    expect(failure.kind).toBe('TargetRefused');
    expect(failure.message).toContain('The field eventType is required');
  });

  test.each(['Server Is Busy', 'Server Is Not Ready', ''])(
    'An append that the server refuses because of its state (%s) may have been written',
    async (text) => {
      const { failure } = await refused((r) => [errorFor(r, 0, 'Empty', text)]);
      expect(failure.kind).toBe('AppendUncertain');
    },
  );
});

describe('A server that answers nonsense', () => {
  /** The failures of two appends in flight when the first is answered by a script. */
  async function answered(answer: (request: BatchAppendReq) => Buffer[]) {
    let asked = 0;
    const { connectionString } = await scriptedServer({
      batchAppend: (call) =>
        void call.on('data', (bytes: Buffer) => {
          asked++;
          answer(batchRequest(bytes)).forEach((each) => call.write(each));
        }),
    });
    const clock = new FakeClock();
    const call = openTarget({ connectionString, clock }).open();
    return { call, clock, asked: () => asked };
  }

  test('An answer with a revision that must not come is refused with the facts', async () => {
    const { call } = await answered((r) => [successFor(r, (a) => a.getSuccess()?.setCurrentRevision('9'))]);
    expect(await failureOf(call.append('billing', measured(sampleEvents(2)), 4))).toMatchObject({
      kind: 'TargetRefused',
      facts: { stream: 'billing', expected: 4, revision: '9', must: 6 },
    });
  });

  test('An answer of success without a position is no success', async () => {
    const { call } = await answered((r) => [
      successFor(r, (a) => a.getSuccess()?.setNoPosition(new sharedMessages.Empty())),
    ]);
    expect((await failureOf(call.append('billing', measured(sampleEvents(2)), 4))).kind).toBe('TargetTruncated');
  });

  test('An answer of bytes that are no message ends the call', async () => {
    const { call } = await answered(() => [Buffer.of(0x0a, 0x7f, 0x01)]);
    const failure = await failureOf(call.append('billing', measured(sampleEvents(2)), 4));
    expect(failure.kind).toBe('AppendUncertain');
    expect(failure.message).toContain('cannot be understood');
  });

  test('An answer of neither success nor error is of unknown outcome', async () => {
    const { call } = await answered((r) => [successFor(r, (a) => a.clearSuccess())]);
    expect((await failureOf(call.append('billing', measured(sampleEvents(2)), 4))).kind).toBe('AppendUncertain');
  });

  test('Answers to what nobody asked, and answers that are repeated, are ignored', async () => {
    const { call } = await answered((r) => [
      successFor(r, (a) => a.setCorrelationId(new sharedMessages.UUID().setString(randomUUID()))),
      successFor(r, (a) => a.clearCorrelationId()),
      successFor(r),
      successFor(r),
      errorFor(r, 4, 'Timeout', 'Timeout'),
    ]);
    expect(await call.append('billing', measured(sampleEvents(2)), 4)).toBe(6);
    expect(await call.append('billing', measured(sampleEvents(2)), 6)).toBe(8);
    call.close();
  });

  test('Nonsense answers about other appends leave ours to its deadline', async () => {
    const { call, clock, asked } = await answered((r) => [successFor(r, (a) => a.clearCorrelationId())]);
    const append = call.append('billing', measured(sampleEvents(1)), 4);
    await eventually('the append to arrive', () => expect(asked()).toBe(1));
    clock.advance(16_000);
    expect((await failureOf(append)).kind).toBe('AppendUncertain');
  });

  test('An answer with the id in its structured form is understood', async () => {
    const { call } = await answered((r) => [
      successFor(r, (a) => {
        const hex = (r.getCorrelationId()?.getString() ?? '').replaceAll('-', '');
        const half = (digits: string): string => String(BigInt.asIntN(64, BigInt(`0x${digits}`)));
        const structured = new sharedMessages.UUID.Structured()
          .setMostSignificantBits(half(hex.slice(0, 16)))
          .setLeastSignificantBits(half(hex.slice(16)));
        a.setCorrelationId(new sharedMessages.UUID().setStructured(structured));
      }),
    ]);
    expect(await call.append('billing', measured(sampleEvents(2)), 4)).toBe(6);
    call.close();
  });

  test('A server that resets the call ends it', async () => {
    const { connectionString } = await scriptedServer({
      batchAppend: (call) =>
        void call.on('data', () => call.emit('error', Object.assign(new Error('oops'), { code: status.INTERNAL }))),
    });
    const call = openTarget({ connectionString }).open();
    expect((await failureOf(call.append('billing', measured(sampleEvents(1)), 4))).kind).toBe('AppendUncertain');
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

describe('Flow control', () => {
  /** A server that reads nothing until it is told to, and then answers everything. */
  async function stalledServer(
    appendBytes = 1_048_576,
  ): Promise<{ target: Target; requests: BatchAppendReq[]; flow: () => void }> {
    const requests: BatchAppendReq[] = [];
    let flow: () => void = () => undefined;
    const flowing = new Promise<void>((resolve) => (flow = resolve));
    const { connectionString } = await scriptedServer({
      batchAppend: (call) =>
        void flowing.then(() =>
          call.on('data', (bytes: Buffer) => {
            const request = batchRequest(bytes);
            requests.push(request);
            call.write(successFor(request));
          }),
        ),
    });
    return { target: openTarget({ connectionString, appendBytes }), requests, flow };
  }

  test('Flow control makes writable wait until the server reads on', async () => {
    const { target, flow } = await stalledServer();
    const call = target.open();
    await call.writable(); // the call is open: what follows leaves at once
    // Many times what a call may send unread, and more requests than are taken without a wait.
    const appends = Array.from({ length: 40 }, (_, i) =>
      call.append('billing', measured([sampleEvent({ data: randomBytes(100_000) })]), i - 1),
    );
    let flows = false;
    const writable = call.writable().then(() => flows);
    await nextTurn();
    flows = true;
    flow();
    expect(await until('the call to be writable', writable)).toBe(true);
    expect(await Promise.all(appends)).toEqual(appends.map((_, i) => i));
    call.close();
  });

  test('Flow control frees who waits for a call that ends', async () => {
    const { target } = await stalledServer();
    const call = target.open();
    await call.writable();
    const appends = Array.from({ length: 40 }, (_, i) =>
      call.append('billing', measured([sampleEvent({ data: randomBytes(100_000) })]), i - 1),
    );
    const waiting = call.writable();
    call.close();
    await until('the call to be writable', waiting);
    await kinds(appends);
  });

  test('Flow control leaves every byte as it was when copies are late: buffers are used again only when their request is answered', async () => {
    const { target, requests, flow } = await stalledServer();
    const call = target.open();
    const batches = Array.from({ length: 60 }, () =>
      Array.from({ length: 3 }, () => sampleEvent({ data: randomBytes(30_000), metadata: randomBytes(500) })),
    );
    const answers: Promise<number>[] = [];
    for (const [i, batch] of batches.entries()) {
      answers.push(call.append('billing', measured(batch), i * 3 - 1));
      if (i === 10) flow();
      // From then on a window of four, so that buffers do come back and are used again.
      if (i > 10) await answers[i - 4];
    }
    await Promise.all(answers);
    call.close();
    expect(requests).toHaveLength(batches.length);
    for (const [i, request] of requests.entries()) {
      const received = request.getProposedMessagesList().map((message) => ({
        id: message.getId()?.getString(),
        data: Buffer.from(message.getData_asU8()).toString('latin1'),
        metadata: Buffer.from(message.getCustomMetadata_asU8()).toString('latin1'),
      }));
      expect(received).toEqual(
        batches[i]?.map(({ id, data, metadata }) => ({
          id,
          data: Buffer.from(data).toString('latin1'),
          metadata: Buffer.from(metadata).toString('latin1'),
        })),
      );
    }
  });

  test('Flow control keeps the buffers of a call that is given up until gRPC is done with it', async () => {
    const { port } = await scriptedServer({ batchAppend: () => undefined });
    const channel = new Channel(`127.0.0.1:${port}`, credentials.createInsecure(), {});
    const connection = new Connection(channel, new OwnSockets(), () => [new Metadata(), {}]);
    onTestFinished(() => connection.close());
    const buffers = new BufferPool(16 * 1024 * 1024);
    const given = vi.spyOn(buffers, 'give');
    const call = new BatchAppendCall({
      connection,
      features: { batch: true, durations: true },
      doing: () => ({ what: 'append', server: 'here', secure: false }),
      limit: new AppendLimit(1_048_576),
      buffers,
      clock: systemClock,
      onLost: () => undefined,
    });
    const answer = call.append('billing', measured([sampleEvent()]), noStream);
    call.close();
    expect(given).not.toHaveBeenCalled();
    expect((await failureOf(answer)).kind).toBe('AppendUncertain');
    await eventually('the buffer to be given back', () => expect(given).toHaveBeenCalledTimes(1));
  });

  test('Flow control lets leave in two what one message cannot hold', async () => {
    const { target, requests, flow } = await stalledServer(32_000_000);
    flow();
    const record = sampleRecord(1);
    const events = recordEvents(record, 2).map((event) => ({ ...event, data: randomBytes(9_000_000) }));
    const pipeline = new Pipeline(target, 'billing', { cursor: beginning, revision: 4 }, systemClock);
    pipeline.add(events, record);
    await pipeline.drain();
    expect(pipeline.confirmed).toMatchObject({ revision: 6, cursor: { position: 2 } });
    expect(requests.map((request) => request.getOptions()?.getStreamPosition())).toEqual(['4', '5']);
    pipeline.close();
  });
});
