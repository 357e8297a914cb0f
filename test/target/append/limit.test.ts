import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/core/failure.js';
import type { TargetEvent } from '../../../src/core/record.js';
import { AppendLimit, checkStreamName } from '../../../src/target/append/limit.js';
import { batchRequest, headBytes } from '../../../src/target/append/request.js';
import { maxSentBytes } from '../../../src/target/target.js';
import { sampleEvent } from '../sampleEvent.js';

function refusal(action: () => unknown): Failure {
  try {
    action();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

/** The longest message that the server reads. */
const maxRequestBytes = 16_767_216;

function sized(dataBytes: number): TargetEvent {
  return sampleEvent({ data: Buffer.alloc(dataBytes), contentType: 'application/octet-stream' });
}

describe('An event', () => {
  test('The size of an event counts its data, its metadata, and two bytes for each UTF-16 unit of its type', () => {
    const event = sampleEvent({ type: 'aé名🎉', data: Buffer.alloc(10), metadata: Buffer.alloc(7) });
    expect(new AppendLimit(1_000).measure(event)).toMatchObject({ bytes: 10 + 7 + 2 * 5, maxBytes: 10 + 7 + 2 * 5 });
  });

  test('An event of exactly the limit passes, one byte more is refused with what and where it is', () => {
    const limit = new AppendLimit(1_000);
    const rest = limit.measure(sized(0)).bytes;
    expect(limit.measure(sized(1_000 - rest)).bytes).toBe(1_000);
    const event = { ...sized(1_001 - rest), mark: { ...sized(0).mark, position: 77, index: 2 } };
    const failure = refusal(() => limit.measure(event));
    expect(failure).toMatchObject({
      kind: 'EventTooLarge',
      policy: 'stop',
      facts: { position: 77, index: 2, type: 'InvoicePaid', bytes: 1_001, limit: 1_000 },
    });
    expect(failure.message).toContain('Event 2 of position 77 (type InvoicePaid) has 1001 bytes');
  });

  test('An event that fits no gRPC message is refused however large an append may be', () => {
    const limit = new AppendLimit(268_435_456);
    expect(refusal(() => limit.measure(sized(maxRequestBytes))).kind).toBe('EventTooLarge');
    const rest = limit.measure(sized(maxSentBytes - 1_000)).sentBytes - (maxSentBytes - 1_000);
    const largest = sized(maxSentBytes - rest);
    expect(limit.measure(largest).sentBytes).toBe(maxSentBytes);
    expect(refusal(() => limit.measure(sized(maxSentBytes - rest + 1))).kind).toBe('EventTooLarge');
    const head = { stream: 'x'.repeat(1_024), expected: 2 ** 53 - 1, correlationId: largest.id, deadlineSeconds: 300 };
    const room = Buffer.alloc(headBytes + maxSentBytes);
    expect(batchRequest(head, [largest], room).length).toBeLessThanOrEqual(maxRequestBytes);
  });

  test.each([
    ['an empty type', { type: '' }, 'its type is empty'],
    ['a type of the server', { type: '$>' }, 'starts with $'],
    ['half a character in its type', { type: 'a\ud83c' }, 'not valid Unicode'],
    ['no UUID as its id', { id: 'event-1' }, 'is not a UUID'],
    ['a zero UUID as its id', { id: '00000000-0000-0000-0000-000000000000' }, 'is not a UUID'],
  ])('An event with %s is refused before it is sent', (_, part, why) => {
    const failure = refusal(() =>
      new AppendLimit(1_000).measure(sampleEvent({ ...part, at: { position: 9, index: 1 } })),
    );
    expect(failure).toMatchObject({ kind: 'Unconvertible', policy: 'stop', facts: { position: 9, index: 1 } });
    expect(failure.message).toContain(why);
  });
});

test('A failure about an event names the beginning of a type of 32,000 characters', () => {
  const limit = new AppendLimit(100_000);
  for (const type of ['', '$', 'a\ud83c'].map((begin) => begin + 'x'.repeat(32_000))) {
    const { message, facts } = refusal(() => limit.measure({ ...sized(100_000), type }));
    expect(message.length).toBeLessThan(500);
    expect(String(facts['type'])).toHaveLength(200);
  }
});

describe('The limit of one append', () => {
  test('The limit of one append only ever falls', () => {
    const limit = new AppendLimit(1_000);
    limit.lower(500);
    limit.lower(800);
    expect(limit.bytes).toBe(500);
    expect(refusal(() => limit.measure(sized(600))).kind).toBe('EventTooLarge');
  });
});

describe('A stream name', () => {
  test.each(['billing', 'a b', 'x'.repeat(1_024), 'a$b', '~'])('A stream name may be %s', (name) => {
    checkStreamName(name);
  });

  test.each(['', '$billing', '$$billing', 'bïlling', 'a\nb', 'a\x7f', 'x'.repeat(1_025)])(
    'A stream name cannot be %j',
    (name) => {
      expect(refusal(() => checkStreamName(name))).toMatchObject({ kind: 'SettingsInvalid' });
    },
  );
});
