import type { Clock } from '../../src/core/clock.js';
import type { SimulatedTime } from './simulatedTime.js';

/**
 * A process that can be frozen and killed at any moment. All that reaches the code in it comes through {@link notice};
 * all that it does to the world asks {@link alive} first. What was on its way when it died may still arrive there.
 */
export class SimulatedProcess {
  alive = true;
  readonly clock: Clock;
  private frozen: (() => void)[] | undefined;
  private readonly onDeath = new Set<() => void>();

  /** @param aheadMs how far its clock is ahead of the world's; may be negative, and may jump */
  constructor(
    readonly name: string,
    private readonly time: SimulatedTime,
    public aheadMs = 0,
  ) {
    this.clock = {
      now: () => this.time.now + this.aheadMs,
      elapsed: () => this.time.now,
      sleep: (ms, signal) => this.sleep(ms, signal),
      after: (ms, callback) => time.after(ms, () => this.notice(callback)),
    };
  }

  /** Lets the process go on with something: now, once it is awake again, or never. */
  notice(something: () => void): void {
    if (!this.alive) return;
    if (this.frozen) this.frozen.push(something);
    else something();
  }

  freeze(): void {
    this.frozen ??= [];
  }

  thaw(): void {
    const waiting = this.frozen ?? [];
    this.frozen = undefined;
    for (const something of waiting) this.notice(something);
  }

  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    this.frozen = undefined;
    for (const told of this.onDeath) told();
    this.onDeath.clear();
  }

  /**
   * Calls back when the process dies, so that what it leaves behind in this real process can be cleaned up.
   *
   * @returns a function that takes it back
   */
  whenDead(told: () => void): () => void {
    this.onDeath.add(told);
    return () => this.onDeath.delete(told);
  }

  private sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const cancel = this.clock.after(ms, wake);
      signal.addEventListener('abort', wake);
    });
  }
}
