import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEventIds, eventIdOf } from '../../src/convert/eventIdAndMark.js';
import type { Failure } from '../../src/core/failure.js';
import { maxIndex, maxPosition, type Mark } from '../../src/core/mark.js';

const sha1 = 'ddefc23e98269e31058218b7f9f905e3a9d9002a';

const mark: Mark = {
  v: 1,
  source: 'billing',
  position: 1234,
  index: 70_000,
  count: 70_001,
  key: 'u:7',
  sha1: sha1.slice(0, 16),
  chunk: '00000000-2013-10-14-080000.dat',
  offset: 0,
  settings: '01234567',
};

const sources = fc.constantFrom('billing', 'ordering', '');
const hashes = fc.stringMatching(/^[0-9a-f]{12}$/);
const positions = fc.integer({ min: 1, max: maxPosition });
const indexes = fc.integer({ min: 0, max: maxIndex });
const parts = fc.tuple(sources, hashes, positions, indexes);
const idOf = ([source, hash, position, index]: [string, string, number, number]) =>
  createEventIds(source)(hash, position)(index);

describe('an event id', () => {
  test('An event id is made of the source, the frame, the index and the position', () => {
    expect(createEventIds('billing')(sha1, 1234)(70_000)).toBe('d17a05d2-79e8-8004-9170-0000000004d2');
  });

  test('An event id follows from the mark alone', () => {
    expect(eventIdOf(mark)).toBe('d17a05d2-79e8-8004-9170-0000000004d2');
    expect(eventIdOf({ ...mark, source: 'ordering' })).not.toBe(eventIdOf(mark));
  });

  test('An event id is a UUID of version 8 that ends in the position, in hex', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const id = idOf(given);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(Number.parseInt(id.slice(24), 16)).toBe(given[2]);
      }),
    );
  });

  test('An event id is the same only for the same parts', () => {
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        expect(idOf(one) === idOf(other)).toBe(one.join() === other.join());
        const [source, hash, position, index] = one;
        expect(idOf([source, hash, position, (index + 1) % maxIndex])).not.toBe(idOf(one));
      }),
    );
  });

  test('An event id holds the largest index and position, and refuses larger ones', () => {
    const largest = createEventIds('billing')(sha1, maxPosition);
    expect(largest(maxIndex).slice(14)).toBe('8fff-bfff-ffffffffffff');
    const refused = (call: () => unknown) => {
      expect(call).toThrow(expect.objectContaining({ kind: 'Unconvertible' }) as Failure);
    };
    refused(() => largest(maxIndex + 1));
    refused(() => createEventIds('billing')(sha1, maxPosition + 1)(0));
  });
});
