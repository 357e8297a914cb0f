import type { Clock } from '../../src/clock.js';

/**
 * Time that passes only while someone sleeps: a sleep ends at once and moves the clock on by its length. Real I/O takes
 * no time at all, so a test sees exactly which waits were asked for.
 */
export class SteppingClock implements Clock {
  /** Every sleep so far, in ms. */
  readonly slept: number[] = [];
  private time = Date.parse('2013-10-15T09:30:00Z');
  private readonly alarms = new Set<{ readonly at: number; readonly callback: () => void }>();

  /** @param onSleep called at each sleep with its number, from 1, before time moves on */
  constructor(private readonly onSleep: (count: number, ms: number) => void | Promise<void> = () => undefined) {}

  elapsed(): number {
    return this.now();
  }

  now(): number {
    return this.time;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.slept.push(ms);
    await this.onSleep(this.slept.length, ms);
    this.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  }

  after(ms: number, callback: () => void): () => void {
    const alarm = { at: this.time + ms, callback };
    this.alarms.add(alarm);
    return () => this.alarms.delete(alarm);
  }

  /** Lets time pass without a sleep. */
  advance(ms: number): void {
    this.time += ms;
    for (const alarm of [...this.alarms]) {
      if (alarm.at > this.time) continue;
      this.alarms.delete(alarm);
      alarm.callback();
    }
  }
}
