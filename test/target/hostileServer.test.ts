import sharedMessages from '@eventstore/db-client/generated/shared_pb.js';
import streamsMessages from '@eventstore/db-client/generated/streams_pb.js';
import { describe, expect, test } from 'vitest';
import type { StoredEvent } from '../../src/target/target.js';
import { answering } from './answering.js';
import { failureOf, never } from './openTarget.js';

const { ReadResp } = streamsMessages;
const { StreamIdentifier, UUID } = sharedMessages;

function answer(revision: string, stream = 'billing'): Buffer {
  const event = new ReadResp.ReadEvent.RecordedEvent()
    .setId(new UUID().setString('00000000-0000-4000-8000-000000000001'))
    .setStreamIdentifier(new StreamIdentifier().setStreamName(Buffer.from(stream)))
    .setStreamRevision(revision)
    .setData(Buffer.from('{}'));
  event.getMetadataMap().set('type', 'Sample').set('content-type', 'application/json');
  return Buffer.from(new ReadResp().setEvent(new ReadResp.ReadEvent().setEvent(event)).serializeBinary());
}

async function all(events: AsyncIterable<StoredEvent>): Promise<StoredEvent[]> {
  const seen: StoredEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

describe('A read that is answered with', () => {
  const forwards = { revision: 5, direction: 'forwards' } as const;
  const backwards = { revision: 5, direction: 'backwards' } as const;

  test('A read that is answered with what was asked for is believed', async () => {
    const { target } = await answering(answer('5'), answer('6'));
    expect((await all(target.read('billing', forwards, never))).map(({ revision }) => revision)).toEqual([5, 6]);
  });

  test.each([
    ['an earlier revision than asked for', forwards, [answer('4')]],
    ['a later revision than asked for, backwards', backwards, [answer('6')]],
    ['the same revision twice', forwards, [answer('5'), answer('5')]],
    ['revisions in the wrong order', backwards, [answer('4'), answer('5')]],
    ['a revision that is no number we can hold', forwards, [answer('18446744073709551615')]],
    ['an event of another stream', forwards, [answer('5', 'payroll')]],
    ['bytes that are no message', forwards, [Buffer.of(0x0a, 0x7f, 0x01)]],
  ])('A read that is answered with %s is refused', async (_, from, messages) => {
    const { target, reads } = await answering(...messages);
    const failure = await failureOf(all(target.read('billing', from, never)));
    expect(failure).toMatchObject({ kind: 'TargetRefused', policy: 'wait' });
    expect(failure.message).toContain('cannot be understood');
    expect(reads()).toBeLessThanOrEqual(4);
  });

  test('A read that is answered with more events than asked for is refused', async () => {
    const { target } = await answering(answer('5'), answer('6'), answer('7'));
    const failure = await failureOf(all(target.read('billing', { ...forwards, count: 2 }, never)));
    expect(failure.kind).toBe('TargetRefused');
  });
});
