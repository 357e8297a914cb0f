import { describe, expect, test } from 'vitest';
import { AppendWindow, requestBytes } from '../../../src/engine/append/window.js';
import { FakeClock } from '../../support/fakeClock.js';
import { type ModelRun, type ModelServer, sendBacklog } from '../../support/faults/modelServer.js';

const second = 1_000;
const minute = 60 * second;

/** Numbers from 0 to 1 that look like chance and are always the same. */
function chance(): () => number {
  let state = 42;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}

function run(server: ModelServer, forMs: number): ModelRun {
  const clock = new FakeClock(0);
  const window = new AppendWindow(clock);
  window.answered(window.sent(1)); // so that the first of the backlog need not go alone
  return sendBacklog(window, clock, server, forMs);
}

/** The fewest and the most requests under way between two moments. */
function depthBetween({ depths }: ModelRun, from: number, to: number): { fewest: number; most: number } {
  let [fewest, most] = [Infinity, 0];
  for (const { at, requests } of depths) {
    if (at < from || at >= to) continue;
    fewest = Math.min(fewest, requests);
    most = Math.max(most, requests);
  }
  return { fewest, most };
}

function fixed(lineMs: number, workMs: number): ModelServer {
  return { lineMs: () => lineMs, workMs: () => workMs };
}

describe('The append window in a backlog', () => {
  test('The append window begins with one request, and has three under way once that is answered', () => {
    const window = new AppendWindow(new FakeClock(0));
    const first = window.sent(requestBytes);
    expect(window.hasRoom(requestBytes)).toBe(false);
    window.answered(first);
    for (let count = 0; count < 3; count++) {
      expect(window.hasRoom(requestBytes)).toBe(true);
      window.sent(requestBytes);
    }
    expect(window.hasRoom(requestBytes)).toBe(false);
  });

  test.each([
    [999, true],
    [1_000, false],
  ])('The append window lets a second request follow the first %d ms after the last answer: %s', (pauseMs, isLet) => {
    const clock = new FakeClock(0);
    const window = new AppendWindow(clock);
    window.answered(window.sent(requestBytes));
    clock.advance(pauseMs);
    window.sent(requestBytes);
    expect(window.hasRoom(requestBytes)).toBe(isLet);
  });

  test.each([0.5, 2, 20, 200])(
    'The append window keeps a near server of %d ms a request busy with three to six, since more would only wait',
    (workMs) => {
      const forMs = 500 * workMs;
      const done = run(fixed(0, workMs), forMs);
      expect(done.answered).toBe(500);
      const { fewest, most } = depthBetween(done, 50 * workMs, forMs);
      expect(fewest).toBeGreaterThanOrEqual(3);
      expect(most).toBeLessThanOrEqual(6);
    },
  );

  test.each([
    [5, 2],
    [10, 2],
    [20, 2],
    [20, 10],
    [100, 10],
  ])(
    'The append window has as many under way as a line of %d ms needs for a server of %d ms, and few more',
    (lineMs, workMs) => {
      const done = run(fixed(lineMs, workMs), 25 * second);
      const needed = Math.ceil(lineMs / workMs) + 1;
      const settled = depthBetween(done, 5 * second, 25 * second);
      expect(settled.fewest).toBeGreaterThanOrEqual(needed);
      expect(settled.most).toBeLessThanOrEqual(needed + 5);
      expect(done.answered).toBeGreaterThanOrEqual(((25 * second) / workMs) * 0.97);
    },
  );

  test('The append window has sixteen requests under way at most, however long the line', () => {
    const done = run(fixed(500, 1), minute);
    expect(depthBetween(done, 0, minute).most).toBe(16);
    expect(depthBetween(done, 20 * second, 29 * second).most).toBe(16);
  });

  test('The append window does not creep up over hours on a server that is no faster with more', () => {
    const done = run(fixed(0, 20), 4 * 60 * minute);
    expect(depthBetween(done, second, 4 * 60 * minute).most).toBeLessThanOrEqual(6);
    expect(done.answered).toBe((4 * 60 * minute) / 20);
  });

  test('The append window keeps a server busy whose time for a request changes', () => {
    const random = chance();
    const works: number[] = [];
    const workMs = (): number => {
      const ms = random() * 20;
      works.push(ms);
      return ms;
    };
    const done = run({ lineMs: () => 4, workMs }, 25 * second);
    const all = works.slice(0, done.answered).reduce((sum, ms) => sum + ms, 0);
    expect(all).toBeGreaterThan(25 * second * 0.97);
    expect(depthBetween(done, second, 25 * second).most).toBeLessThanOrEqual(8);
  });

  test('The append window still uses most of a server behind a line whose delay wavers', () => {
    const random = chance();
    const done = run({ lineMs: () => 10 + random() * 2, workMs: () => 2 }, 25 * second);
    expect(done.answered).toBeGreaterThan(12_500 * 0.9);
  });

  test('The append window shrinks when the server has become so slow that fewer do, and grows when it is fast again', () => {
    const slowUntil = { from: 10 * second, to: 20 * second };
    const workMs = (now: number): number => (now >= slowUntil.from && now < slowUntil.to ? 40 : 2);
    const done = run({ lineMs: () => 20, workMs }, 28 * second);
    expect(depthBetween(done, 5 * second, 10 * second).fewest).toBeGreaterThanOrEqual(11);
    expect(depthBetween(done, 18 * second, 20 * second).most).toBeLessThanOrEqual(5);
    expect(depthBetween(done, 25 * second, 28 * second).fewest).toBeGreaterThanOrEqual(11);
  });

  test('The append window forgets a long line within half a minute of its getting short, and widens again when it is long again', () => {
    const lineMs = (now: number): number => (now >= minute && now < 2 * minute ? 0 : 20);
    const done = run({ lineMs, workMs: () => 2 }, 3 * minute);
    expect(depthBetween(done, 50 * second, minute).fewest).toBeGreaterThanOrEqual(11);
    expect(depthBetween(done, minute + 35 * second, 2 * minute).most).toBeLessThanOrEqual(6);
    expect(depthBetween(done, 2 * minute + 35 * second, 3 * minute).most).toBeGreaterThanOrEqual(11);
    expect(done.answered).toBeGreaterThan(((3 * minute) / 2) * 0.98);
  });

  test('The append window bounds the bytes under way, so that large requests do not multiply', () => {
    const done = run({ ...fixed(100, 1), bytes: () => 1_048_576 }, 25 * second);
    expect(done.maxBytes).toBeLessThanOrEqual(16 * requestBytes);
    expect(depthBetween(done, 20 * second, 25 * second).most).toBe(3);
  });

  test('The append window lets a request larger than all the window through alone', () => {
    const done = run({ ...fixed(10, 1), bytes: () => 16_000_000 }, second);
    expect(depthBetween(done, 0, second)).toEqual({ fewest: 1, most: 1 });
    expect(done.answered).toBeGreaterThan(80);
  });
});

describe('The append window near the head', () => {
  test('The append window near the head lets a small request leave at once, and does not judge a backlog by its reply', () => {
    const clock = new FakeClock(0);
    const window = new AppendWindow(clock);
    for (let count = 0; count < 100; count++) {
      expect(window.hasRoom(300)).toBe(true);
      const timed = window.sent(300);
      clock.advance(1);
      window.answered(timed);
    }
    expect(window.requests).toBe(3);
    const { depths } = sendBacklog(window, clock, fixed(20, 2), 5 * second);
    expect(depths.at(-1)?.requests).toBeGreaterThanOrEqual(11);
  });

  test('The append window near the head is not widened by requests that came one at a time, however long the line', () => {
    const clock = new FakeClock(0);
    const window = new AppendWindow(clock);
    for (let count = 0; count < 200; count++) {
      expect(window.hasRoom(requestBytes)).toBe(true);
      const timed = window.sent(requestBytes);
      clock.advance(100);
      window.answered(timed);
    }
    expect(window.requests).toBe(3);
  });
});
