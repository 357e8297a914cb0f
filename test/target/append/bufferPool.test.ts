import { describe, expect, test } from 'vitest';
import { BufferPool } from '../../../src/target/append/batchAppend.js';

describe('A pool of buffers', () => {
  test('A pool of buffers gives out a returned buffer when it is large enough', () => {
    const pool = new BufferPool(10_000_000);
    const one = pool.take(100_000);
    expect(one.length).toBeGreaterThanOrEqual(100_000);
    pool.give(one);
    expect(pool.take(200_000) === one).toBe(false);
    expect(pool.take(90_000) === one).toBe(true);
  });

  test('A pool of buffers never gives out the same buffer twice', () => {
    const pool = new BufferPool(10_000_000);
    pool.give(pool.take(1));
    expect(pool.take(1) === pool.take(1)).toBe(false);
  });

  test('A pool of buffers keeps no more than it may', () => {
    const pool = new BufferPool(100_000);
    const [one, other] = [pool.take(60_000), pool.take(60_000)];
    pool.give(one);
    pool.give(other);
    expect(pool.take(60_000) === one).toBe(true);
    expect(pool.take(60_000) === other).toBe(false);
  });
});
