import sharedMessages from '@eventstore/db-client/generated/shared_pb.js';
import type { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../support/fakeClock.js';
import { eventually } from '../../support/waits.js';
import { failureOf, openTarget } from '../openTarget.js';
import { measured, sampleEvents } from '../sampleEvent.js';
import { batchRequest, errorFor, scriptedServer, successFor } from '../scriptedServer.js';

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
