import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/clock.js';

interface Timer {
  readonly due: number;
  readonly ring: () => void;
}

/**
 * Time that passes only when told to ({@link advance}), or, after {@link flow}, whenever the code under test has
 * nothing left but to wait in `sleep`: then the earliest timer rings at once. Real I/O takes no time on it, however long
 * it lasts, as long as the code awaits it rather than racing it against a `sleep`.
 */
export class VirtualClock implements Clock {
  private readonly timers = new Set<Timer>();
  private sleepers = 0;
  private flowing = false;
  private moving = false;

  constructor(private time = Date.parse('2026-01-01T00:00:00Z')) {}

  elapsed(): number {
    return this.now();
  }

  now(): number {
    return this.time;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
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

  after(ms: number, callback: () => void): () => void {
    const timer: Timer = { due: this.time + Math.max(0, ms), ring: callback };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** Lets so much time pass: every timer due by then rings in its turn, and what it sets off may set new ones. */
  async advance(ms: number): Promise<void> {
    const until = this.time + ms;
    for (;;) {
      await nextTurn();
      const timer = this.earliest();
      if (!timer || timer.due > until) break;
      this.ring(timer);
    }
    this.time = until;
  }

  /** From now on time passes by itself while somebody sleeps. */
  flow(): this {
    this.flowing = true;
    void this.move();
    return this;
  }

  private async move(): Promise<void> {
    if (!this.flowing || this.moving) return;
    this.moving = true;
    for (;;) {
      await nextTurn(); // whoever has just been woken, or has an answer waiting, goes first
      const timer = this.earliest();
      if (this.sleepers === 0 || !timer) break;
      this.ring(timer);
    }
    this.moving = false;
  }

  private earliest(): Timer | undefined {
    return [...this.timers].reduce<Timer | undefined>(
      (first, timer) => (first && first.due <= timer.due ? first : timer),
      undefined,
    );
  }

  private ring(timer: Timer): void {
    this.timers.delete(timer);
    this.time = Math.max(this.time, timer.due);
    timer.ring();
  }
}
