import { describe, expect, test } from 'vitest';
import { FakeClock } from './fakeClock.js';

const never = new AbortController().signal;

describe('the fake clock', () => {
  test('The fake clock rings timers in the order they are due, at the time they are due', async () => {
    const clock = new FakeClock(0);
    const rung: string[] = [];
    clock.after(20, () => rung.push(`second at ${clock.now()}`));
    clock.after(10, () => {
      rung.push(`first at ${clock.now()}`);
      clock.after(5, () => rung.push(`set by the first at ${clock.now()}`));
    });
    const cancel = clock.after(12, () => rung.push('cancelled'));
    cancel();
    await clock.pass(30);
    expect(rung).toEqual(['first at 10', 'set by the first at 15', 'second at 20']);
    expect(clock.now()).toBe(30);
  });

  test('The fake clock stands still until it is told to go on', async () => {
    const clock = new FakeClock(0);
    let awake = false;
    void clock.sleep(10, never).then(() => (awake = true));
    await clock.pass(9);
    expect(awake).toBe(false);
  });

  test('The fake clock wakes a sleeper whose signal is aborted', async () => {
    const clock = new FakeClock(0);
    const stop = new AbortController();
    const asleep = clock.sleep(10, stop.signal);
    stop.abort();
    await asleep;
    await clock.sleep(10, stop.signal);
    expect(clock.now()).toBe(0);
  });

  test('The flowing fake clock moves on by itself while somebody sleeps, and only then', async () => {
    const clock = new FakeClock(0).flow();
    let deadlines = 0;
    clock.after(1_000_000, () => (deadlines += 1));
    for (let second = 0; second < 100; second++) await clock.sleep(1_000, never);
    expect(clock.now()).toBe(100_000);
    expect(deadlines).toBe(0);
  });

  test('The flowing fake clock waits for what a test does at a sleep', async () => {
    const times: number[] = [];
    const clock = FakeClock.flowing(async () => {
      times.push(clock.now());
      await new Promise((resolve) => setImmediate(resolve));
      times.push(clock.now());
    });
    const startedAt = clock.now();
    await Promise.all([clock.sleep(1_000, never), clock.sleep(2_000, never)]);
    expect(times.map((time) => time - startedAt)).toEqual([0, 0, 0, 0]);
    expect(clock.slept).toEqual([1_000, 2_000]);
    expect(clock.now() - startedAt).toBe(2_000);
  });
});
