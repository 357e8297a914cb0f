import sharedMessages from '@eventstore/db-client/generated/shared_pb.js';
import streamsMessages from '@eventstore/db-client/generated/streams_pb.js';
import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TargetEvent } from '../../../src/core/record.js';
import { type BatchHead, batchRequest, headBytes, plainRequest } from '../../../src/target/append/request.js';
import { measured, sampleEvent } from '../sampleEvent.js';

function encode(head: BatchHead, events: readonly TargetEvent[]): Buffer {
  const { sentBytes } = measured(events).size;
  const room = Buffer.alloc(headBytes + sentBytes, 0xee);
  const request = batchRequest(head, events, room);
  // The events take what they were measured to take, and nothing stands before the request.
  expect(request.length).toBe(sentBytes + batchRequest(head, [], Buffer.alloc(headBytes)).length);
  const before = room.length - request.length;
  expect(room.subarray(0, before).equals(Buffer.alloc(before, 0xee))).toBe(true);
  return request;
}

/** What the client library's generated classes make of the same request; the deadline, which they lack, left out. */
function generated(head: BatchHead, events: readonly TargetEvent[]): Uint8Array {
  const { BatchAppendReq } = streamsMessages;
  const options = new BatchAppendReq.Options().setStreamIdentifier(
    new sharedMessages.StreamIdentifier().setStreamName(Buffer.from(head.stream)),
  );
  if (head.expected === -1) options.setNoStream(new sharedMessages.Empty());
  else options.setStreamPosition(String(head.expected));
  const request = new BatchAppendReq()
    .setCorrelationId(new sharedMessages.UUID().setString(head.correlationId))
    .setOptions(options)
    .setIsFinal(true);
  for (const event of events) {
    const message = new BatchAppendReq.ProposedMessage()
      .setId(new sharedMessages.UUID().setString(event.id))
      .setCustomMetadata(event.metadata)
      .setData(event.data);
    message.getMetadataMap().set('type', event.type);
    message.getMetadataMap().set('content-type', event.contentType);
    request.addProposedMessages(message);
  }
  return request.serializeBinary();
}

/** An event as text, bytes and all: quicker to compare than arrays of numbers. */
function printed({ id, type, contentType, data, metadata }: Omit<TargetEvent, 'mark'>): string[] {
  return [id, type, contentType, Buffer.from(data).toString('latin1'), Buffer.from(metadata).toString('latin1')];
}

/** The events as the generated classes read them out of a request. */
function decoded(request: Uint8Array): Omit<TargetEvent, 'mark'>[] {
  return streamsMessages.BatchAppendReq.deserializeBinary(request)
    .getProposedMessagesList()
    .map((message) => ({
      id: message.getId()?.getString() ?? '',
      type: message.getMetadataMap().get('type') ?? '',
      contentType: (message.getMetadataMap().get('content-type') ?? '') as TargetEvent['contentType'],
      data: message.getData_asU8(),
      metadata: message.getCustomMetadata_asU8(),
    }));
}

const size = fc.oneof(fc.constantFrom(0, 1, 127, 128, 16_384), fc.nat(400));
const shape = fc.record({
  type: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((type) => !type.startsWith('$')), // which the server reserves
  contentType: fc.constantFrom<TargetEvent['contentType'][]>('application/json', 'application/octet-stream'),
  dataBytes: size,
  metadataBytes: size,
});
const heads = fc.record({
  stream: fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme-ascii' }),
  expected: fc.oneof(fc.constantFrom(-1, 0, 127, 128, 2 ** 31, 2 ** 32, 2 ** 53 - 100), fc.nat()),
  correlationId: fc.uuid(),
});

describe('An append request', () => {
  test('An append request is, for 10,000 random events, what the generated classes write and read', () => {
    const events = fc
      .sample(shape, 10_000)
      .map(({ dataBytes, metadataBytes, ...part }) =>
        sampleEvent({ ...part, data: randomBytes(dataBytes), metadata: randomBytes(metadataBytes) }),
      );
    const sizes = events.flatMap(({ data, metadata }) => [`data ${data.length}`, `metadata ${metadata.length}`]);
    expect(sizes).toEqual(expect.arrayContaining(['data 0', 'data 1', 'metadata 0', 'metadata 1']));
    expect(events.some(({ type }) => Buffer.byteLength(type) > type.length)).toBe(true);
    let from = 0;
    for (const head of fc.sample(heads, 200)) {
      const batch = events.slice(from, (from += 50));
      const encoded = encode(head, batch);
      expect(Buffer.compare(encoded, generated(head, batch))).toBe(0);
      expect(decoded(encoded).map(printed)).toEqual(batch.map(printed));
    }
    expect(from).toBe(events.length);
  });

  test('An append request carries bodies of 1 MiB', () => {
    const batch = [1_048_576, 1_048_575].map((size) =>
      sampleEvent({ data: randomBytes(size), metadata: randomBytes(size) }),
    );
    const request = { stream: 'billing', expected: 5, correlationId: randomUUID() };
    const encoded = encode(request, batch);
    expect(Buffer.compare(encoded, generated(request, batch))).toBe(0);
    expect(decoded(encoded).map(printed)).toEqual(batch.map(printed));
  });

  test('An append request gives the server a duration, which is the only thing that differs', () => {
    const batch = [sampleEvent()];
    const request = { stream: 'billing', expected: -1, correlationId: randomUUID() };
    for (const deadlineSeconds of [1, 16, 127, 128, 271]) {
      const encoded = encode({ ...request, deadlineSeconds }, batch);
      const seconds =
        deadlineSeconds < 128 ? [deadlineSeconds] : [(deadlineSeconds % 128) | 0x80, deadlineSeconds >> 7];
      // Field 7 of the options: a google.protobuf.Duration with its field 1.
      const duration = Buffer.of(0x3a, 1 + seconds.length, 0x08, ...seconds);
      const at = encoded.indexOf(duration);
      const without = Buffer.concat([encoded.subarray(0, at), encoded.subarray(at + duration.length)]);
      const optionsLength = without.indexOf(0x12, 40) + 1;
      without[optionsLength] = (without[optionsLength] ?? 0) - duration.length;
      expect(without).toEqual(Buffer.from(generated(request, batch)));
    }
  });

  test('An append request keeps telling types apart when there are more of them than are remembered', () => {
    const batch = Array.from({ length: 10_000 }, (_, i) => sampleEvent({ type: `Type${i}` }));
    const request = { stream: 'billing', expected: 0, correlationId: randomUUID() };
    expect(decoded(encode(request, batch)).map(({ type }) => type)).toEqual(batch.map(({ type }) => type));
  });

  test('An append request of the plain kind is the options and each event as messages of their own', () => {
    const one = sampleEvent({ type: 'Ünïcode', data: randomBytes(300) });
    const { AppendReq } = streamsMessages;
    const two = sampleEvent();
    const sent = measured([one, two]);
    const head = { stream: 'billing', expected: 0 };
    const [, first = Buffer.of(), second = Buffer.of()] = plainRequest(head, sent);
    const message = AppendReq.deserializeBinary(first).getProposedMessage();
    expect(first.length + second.length).toBe(sent.size.sentBytes);
    expect(AppendReq.deserializeBinary(second).getProposedMessage()?.getId()?.getString()).toBe(two.id);
    expect(message?.getId()?.getString()).toBe(one.id);
    expect(message?.getMetadataMap().get('type')).toBe('Ünïcode');
    expect(Buffer.from(message?.getData_asU8() ?? [])).toEqual(one.data);
    for (const expected of [-1, 0, 300]) {
      const options = AppendReq.deserializeBinary(
        plainRequest({ ...head, expected }, sent)[0] ?? Buffer.of(),
      ).getOptions();
      expect(Buffer.from(options?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString()).toBe('billing');
      expect(options?.hasNoStream()).toBe(expected === -1);
      if (expected >= 0) expect(options?.getRevision()).toBe(String(expected));
    }
  });
});
