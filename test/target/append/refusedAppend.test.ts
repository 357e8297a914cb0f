import sharedMessages from '@eventstore/db-client/generated/shared_pb.js';
import type { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { TargetEvent } from '../../../src/core/record.js';
import { failureOf, openTarget } from '../openTarget.js';
import { measured, sampleEvent, sampleEvents } from '../sampleEvent.js';
import { batchRequest, errorFor, scriptedServer, successFor } from '../scriptedServer.js';

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
