import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/core/clock.js';

interface Timer {
  readonly due: number;
  readonly ring: () => void;
}

/** Called at each sleep of a {@link FakeClock}: with the number of this sleep, counted from 1, and its length. */
export type OnSleep = (count: number, ms: number) => void | Promise<void>;

/**
 * The clock of all tests. Time passes only when a test says so ({@link advance}, {@link pass}). On a {@link flowing}
 * clock it also passes by itself while the code under test sleeps: the earliest timer rings at once. Real I/O takes no
 * time, however long it lasts, as long as the code awaits it rather than racing it against a `sleep`.
 */
export class FakeClock implements Clock {
  /** The length of every sleep so far, in ms. */
  readonly slept: number[] = [];
  private readonly timers = new Set<Timer>();
  private sleepers = 0;
  private held = 0;
  private flows = false;
  private isMoving = false;
  private time: number;

  constructor(
    startsAt: number | string = '2013-10-15T09:30:00Z',
    private readonly onSleep?: OnSleep,
  ) {
    this.time = new Date(startsAt).getTime();
  }

  /** Makes a clock whose time passes by itself while someone sleeps, except while `onSleep` is running. */
  static flowing(onSleep?: OnSleep): FakeClock {
    return new FakeClock(undefined, onSleep).flow();
  }

  /** From now on time passes by itself while someone sleeps. */
  flow(): this {
    this.flows = true;
    void this.move();
    return this;
  }

  now(): number {
    return this.time;
  }

  elapsed(): number {
    return this.time;
  }

  /** How many timers have neither rung nor been cancelled. */
  get pending(): number {
    return this.timers.size;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.slept.push(ms);
    if (this.onSleep) {
      this.held += 1;
      await Promise.resolve(this.onSleep(this.slept.length, ms)).finally(() => (this.held -= 1));
    }
    if (!signal.aborted) await this.asleep(ms, signal);
  }

  after(ms: number, callback: () => void): () => void {
    const timer: Timer = { due: this.time + Math.max(0, ms), ring: callback };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** Moves time on at once: every timer that is due by then has rung when this returns. */
  advance(ms: number): void {
    const until = this.time + ms;
    for (let timer = this.earliest(until); timer; timer = this.earliest(until)) this.ring(timer);
    this.time = until;
  }

  /** Lets time pass timer by timer. A timer may lead to new timers, which ring too when they are due in this time. */
  async pass(ms: number): Promise<void> {
    const until = this.time + ms;
    await nextTurn();
    for (let timer = this.earliest(until); timer; timer = this.earliest(until)) {
      this.ring(timer);
      await nextTurn();
    }
    this.time = until;
  }

  private asleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        signal.removeEventListener('abort', wake);
        this.sleepers -= 1;
        resolve();
      };
      const cancel = this.after(ms, wake);
      signal.addEventListener('abort', wake);
      this.sleepers += 1;
      void this.move();
    });
  }

  private async move(): Promise<void> {
    if (!this.flows || this.isMoving) return;
    this.isMoving = true;
    for (;;) {
      await nextTurn(); // code that was just woken, or whose answer is there, runs before time moves on
      const timer = this.earliest();
      if (this.sleepers === 0 || !timer) break;
      if (this.held === 0) this.ring(timer); // otherwise an `onSleep` is still running
    }
    this.isMoving = false;
  }

  private earliest(until = Infinity): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.timers) if (timer.due <= until && (!first || timer.due < first.due)) first = timer;
    return first;
  }

  private ring(timer: Timer): void {
    this.timers.delete(timer);
    this.time = Math.max(this.time, timer.due);
    timer.ring();
  }
}
