import type { Clock } from '../../../src/core/clock.js';
import type { SimulatedTime } from './simulatedTime.js';

/**
 * A process that can be frozen and killed at any moment. Everything that reaches the code in it comes through
 * {@link notice}; the code asks {@link alive} before it changes anything outside. Messages that were on their way when
 * the process died may still arrive at the services.
 */
export class SimulatedProcess {
  alive = true;
  readonly clock: Clock;
  private frozen: (() => void)[] | undefined;
  private readonly onDeath = new Set<() => void>();

  /** @param aheadMs how far its clock is ahead of the world's clock; may be negative, and may change later */
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

  /** Runs code in the process: now, or when it is thawed, or never if it is dead. */
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
   * Calls back when the process dies, so that what it leaves in this real process can be cleaned up.
   *
   * @returns a function that cancels this
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
