import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ChunkBuilder, EventChunk } from '../../../dev/eventstore/store/eventChunk.js';
import { chunkOf, proposedBytes, uuidOf, type Proposed } from './proposedEvents.js';

const anyEvent = fc.record({
  id: fc.uuid(),
  type: fc.string({ minLength: 1, unit: 'grapheme' }),
  contentType: fc.constantFrom('application/json', 'application/octet-stream', '', 'text/plain'),
  data: fc.uint8Array({ maxLength: 200 }),
  metadata: fc.uint8Array({ maxLength: 200 }),
  idForm: fc.constantFrom('string' as const, 'structured' as const),
});

function seen(chunk: EventChunk): unknown[] {
  return Array.from({ length: chunk.count }, (_, index) => ({
    id: chunk.id(index),
    type: chunk.type(index),
    isJson: chunk.isJson(index),
    data: [...chunk.data(index)],
    metadata: [...chunk.metadata(index)],
  }));
}

function meant(events: readonly Required<Proposed>[]): unknown[] {
  return events.map(({ id, type, contentType, data, metadata }) => {
    return { id, type, isJson: contentType === 'application/json', data: [...data], metadata: [...metadata] };
  });
}

describe('EventChunk', () => {
  test('EventChunk holds what the generated classes wrote, through a journal and back, whole or in part', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), fc.nat(40), (events, part) => {
        const chunk = chunkOf(...events);
        const count = Math.min(part, events.length);
        expect(seen(chunk)).toEqual(meant(events));
        expect(seen(chunk.take(count))).toEqual(meant(events).slice(0, count));
        const [words, bytes] = chunk.take(count).encode();
        expect(seen(EventChunk.from(Buffer.from(words), bytes))).toEqual(meant(events).slice(0, count));
        expect(seen(chunk.withoutData())).toEqual(meant(events.map((event) => ({ ...event, data: new Uint8Array() }))));
      }),
    );
  });

  test('EventChunk tells ids apart, in whichever form they were sent', () => {
    const id = randomUUID();
    const chunk = chunkOf({ id }, { id, idForm: 'structured' }, { id: randomUUID() });
    expect(chunk.hasSameId(0, chunk, 1)).toBe(true);
    expect(chunk.hasSameId(0, chunk, 2)).toBe(false);
    expect(chunk.idKey(0)).toBe(chunk.idKey(1));
  });

  test('EventChunk counts the size of an event as data only, or as data, metadata and twice the length of the type', () => {
    const bytes = proposedBytes({ type: 'Tü😀', data: Buffer.alloc(100), metadata: Buffer.alloc(10) });
    const sizeOf = (countsMetadata: boolean): number => {
      const builder = new ChunkBuilder({ countsMetadata });
      builder.add(bytes, 0, bytes.length);
      builder.add(bytes, 0, bytes.length);
      expect(builder.largest).toEqual({ size: builder.size / 2, index: 0 });
      return builder.size;
    };
    expect(sizeOf(false)).toBe(200);
    expect(sizeOf(true)).toBe(2 * (100 + 10 + 2 * 4));
  });

  test.each([
    ['an id that is no UUID', { id: 'not-a-uuid' }, 'id'],
    ['an id with a dash in the wrong place', { id: '000000000-000-8000-8000-000000000001' }, 'id'],
    ['an id of zeros', { id: '00000000-0000-0000-0000-000000000000' }, 'id'],
    ['an empty type', { type: '' }, 'type'],
  ])('EventChunk refuses %s and keeps the events before it', (_, event, what) => {
    const builder = new ChunkBuilder({ countsMetadata: false });
    const [good, bad] = [proposedBytes({ id: uuidOf(1) }), proposedBytes(event)];
    builder.add(good, 0, good.length);
    expect(() => builder.add(bad, 0, bad.length)).toThrowError(expect.objectContaining({ what }) as Error);
    expect(builder.build().count).toBe(1);
  });
});
