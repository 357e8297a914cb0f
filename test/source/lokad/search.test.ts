import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { findFrame, hashBudget } from '../../../src/source/lokad/search.js';
import { frameOf } from '../../support/stores/tapeWriter.js';
import { never } from '../openTapes.js';

const variants = ['varint', 'int32'] as const;

function search(bytes: Buffer, variant: (typeof variants)[number] = 'varint', budget = hashBudget()) {
  return findFrame(bytes, 0, bytes.length, variant, budget, never);
}

describe('the search for a valid frame', () => {
  test('The search for a valid frame finds the first one behind any bytes, whatever its stamp', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        fc.constantFrom(...variants),
        async (before, stamp, payload, variant) => {
          const frame = frameOf({ stamp, payload: Buffer.from(payload) }, variant);
          const bytes = Buffer.concat([before, frame, Buffer.alloc(50)]);
          expect(await search(bytes, variant)).toBe(before.length);
        },
      ),
    );
  });

  test('The search for a valid frame finds one behind a long run of zeros', async () => {
    for (const zeros of [4096, 4100, 100_000]) {
      const frame = frameOf({ stamp: 0n, key: '', payload: Buffer.from('x') });
      expect(await search(Buffer.concat([Buffer.alloc(zeros), frame]))).toBe(zeros);
    }
  });

  test('The search for a valid frame finds none in zeros, text or noise', async () => {
    expect(await search(Buffer.alloc(512 * 1024))).toBeUndefined();
    expect(await search(Buffer.from('{"text":"nothing here"}'.repeat(20_000)))).toBeUndefined();
  });

  test('The search for a valid frame hashes no more than its budget, and still finds a likely frame', async () => {
    const budget = hashBudget();
    const text = Buffer.alloc(512 * 1024, '{"a":"'.repeat(100));
    const frame = frameOf({ stamp: 7n, payload: Buffer.from('found') });
    expect(await search(Buffer.concat([text, frame]), 'varint', budget)).toBe(text.length);
    await search(text, 'varint', budget);
    expect(budget.bytes).toBeGreaterThanOrEqual(0);
  });

  test('The search for a valid frame lets other work have its turn', async () => {
    let turns = 0;
    const others = (): void => {
      turns += 1;
      turn = setImmediate(others);
    };
    let turn = setImmediate(others);
    await search(Buffer.alloc(512 * 1024, '{"a":"'.repeat(100)));
    clearImmediate(turn);
    expect(turns).toBeGreaterThan(1);
  });

  test('The search for a valid frame ends when the signal is aborted', async () => {
    const stop = new AbortController();
    const searching = findFrame(Buffer.alloc(512 * 1024, 'abc'), 0, 512 * 1024, 'varint', hashBudget(), stop.signal);
    stop.abort(new Error('enough'));
    await expect(searching).rejects.toThrow('enough');
  });
});
