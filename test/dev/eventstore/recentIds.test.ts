import { describe, expect, test } from 'vitest';
import { RecentIds } from '../../../dev/eventstore/store/recentIds.js';
import { StreamState, type StoredChunk } from '../../../dev/eventstore/store/streamState.js';
import { chunkOf, uuidOf } from './proposedEvents.js';

function storedIn(stream: StreamState, ...ids: number[]): StoredChunk {
  const events = chunkOf(...ids.map((id) => ({ id: uuidOf(id) })));
  const stored = { stream, first: stream.accepted + 1, position: 0, createdMs: 0, events };
  stream.add(stored);
  return stored;
}

describe('RecentIds', () => {
  test('RecentIds keeps the first place of an id, in the stream in which it was seen first', () => {
    const recent = new RecentIds();
    const [one, other] = [new StreamState('one'), new StreamState('other')];
    recent.remember(storedIn(one, 1, 2));
    recent.remember(storedIn(other, 1));
    recent.remember(storedIn(one, 2));
    const asked = chunkOf({ id: uuidOf(1) }, { id: uuidOf(2) });
    expect([recent.find(one, asked, 0), recent.find(one, asked, 1)]).toEqual([0, 1]);
    expect(recent.find(other, asked, 0)).toBeUndefined();
  });

  test('RecentIds forgets the oldest ids at 8 MiB, whether or not anybody asked in between', () => {
    for (const asks of [false, true]) {
      const recent = new RecentIds();
      const stream = new StreamState('n'.repeat(1000));
      const total = 10_000;
      for (let from = 0; from < total; from += 1000) {
        const ids = Array.from({ length: 1000 }, (_, index) => from + index + 1);
        recent.remember(storedIn(stream, ...ids));
        if (asks) recent.find(stream, chunkOf({ id: uuidOf(1) }), 0);
      }
      expect(recent.find(stream, chunkOf({ id: uuidOf(1) }), 0)).toBeUndefined();
      expect(recent.find(stream, chunkOf({ id: uuidOf(total - 3000) }), 0)).toBe(total - 3001);
    }
  });
});
