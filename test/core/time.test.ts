import { getEventListeners } from 'node:events';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.js';
import { linkedAbort, settledWithin, unlessAborted, withLinkedAbort } from '../../src/core/time.js';
import { FakeClock } from '../support/fakeClock.js';
import { eventually } from '../support/waits.js';

const never = new Promise(() => undefined);

describe('Waiting for work to settle', () => {
  test('Waiting for work ends when the work settles in time, well or badly', async () => {
    const clock = new FakeClock();
    expect(await settledWithin(Promise.resolve('done'), 1_000, clock)).toBe(true);
    expect(await settledWithin(Promise.reject(new Error('failed')), 1_000, clock)).toBe(true);
  });

  test('Waiting for work ends when the time is over', async () => {
    const clock = new FakeClock();
    let answer: boolean | undefined;
    void settledWithin(never, 1_000, clock).then((settled) => (answer = settled));
    await clock.pass(999);
    expect(answer).toBeUndefined();
    await clock.pass(1);
    await clock.pass(0);
    expect(answer).toBe(false);
  });
});

describe('A linked abort', () => {
  test('A linked abort follows the parent that is aborted first, with its reason', () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const linked = linkedAbort([one.signal, other.signal]);
    other.abort('first');
    one.abort('second');
    expect(linked.signal.reason).toBe('first');
    expect(linkedAbort([one.signal]).signal.reason).toBe('second');
  });

  test('A linked abort is aborted by the clock when its limit is over, not before', () => {
    const clock = new FakeClock();
    const plain = linkedAbort([], { clock, ms: 1_500 });
    const named = linkedAbort([], { clock, ms: 1_500, late: () => new Error('too late') });
    clock.advance(1_499);
    expect(plain.signal.aborted).toBe(false);
    clock.advance(1);
    expect(plain.signal.reason).toMatchObject({ name: 'TimeoutError', message: 'no answer within 1.5 s' });
    expect(named.signal.reason).toEqual(new Error('too late'));
  });

  test('A linked abort removes its listeners and timers once the work under it has settled', async () => {
    const clock = new FakeClock();
    const parent = new AbortController();
    const limit = { clock, ms: 1_000 };
    const work = (result: Promise<unknown>) =>
      withLinkedAbort([parent.signal], limit, (signal) => unlessAborted(result, signal));
    await work(Promise.resolve());
    await expect(work(Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect([clock.pending, getEventListeners(parent.signal, 'abort').length]).toEqual([0, 0]);
    const released = linkedAbort([parent.signal]);
    released.release();
    parent.abort();
    expect(released.signal.aborted).toBe(false);
  });

  test('A linked abort is not collected as garbage while its limit and its parent may still abort it', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const parent = new AbortController();
    const fired: string[] = [];
    const notify = (name: string, signal: AbortSignal) => signal.addEventListener('abort', () => fired.push(name));
    notify('limit', linkedAbort([parent.signal], { clock: systemClock, ms: 50 }).signal);
    notify('parent', linkedAbort([parent.signal]).signal);
    for (let i = 0; i < 10; i++) {
      collectGarbage();
      await nextTurn();
    }
    await eventually('the limit to abort the signal', () => expect(fired).toContain('limit'));
    parent.abort();
    expect(fired).toEqual(['limit', 'parent']);
  });
});

describe('Work that is given up when a signal is aborted', () => {
  test("Work fails with the reason of its signal's abort, and its own failure afterwards is not unhandled", async () => {
    const stop = new AbortController();
    let fail!: (error: Error) => void;
    const work = new Promise((_, reject) => (fail = reject));
    const result = unlessAborted(work, stop.signal);
    stop.abort(new Error('stopped'));
    await expect(result).rejects.toThrow('stopped');
    fail(new Error('late'));
    await delay(0);
    await expect(unlessAborted(never, stop.signal)).rejects.toThrow('stopped');
  });

  test('Work under a signal leaves no listener behind once it has settled', async () => {
    const stop = new AbortController();
    expect(await unlessAborted(Promise.resolve(7), stop.signal)).toBe(7);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });
});
