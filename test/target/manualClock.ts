import type { Clock } from '../../src/clock.js';

interface Alarm {
  readonly at: number;
  readonly ring: () => void;
}

/** A clock whose time passes only when a test says so. */
export class ManualClock implements Clock {
  private time = 0;
  private alarms: Alarm[] = [];

  now(): number {
    return this.time;
  }

  elapsed(): number {
    return this.time;
  }

  /** Alarms that are set and not cancelled. */
  get pending(): number {
    return this.alarms.length;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.after(ms, resolve);
      signal.addEventListener('abort', () => {
        cancel();
        resolve();
      });
    });
  }

  after(ms: number, callback: () => void): () => void {
    const alarm: Alarm = { at: this.time + ms, ring: callback };
    this.alarms.push(alarm);
    return () => {
      this.alarms = this.alarms.filter((other) => other !== alarm);
    };
  }

  advance(ms: number): void {
    this.time += ms;
    const due = this.alarms.filter(({ at }) => at <= this.time);
    this.alarms = this.alarms.filter(({ at }) => at > this.time);
    for (const { ring } of due) ring();
  }
}
