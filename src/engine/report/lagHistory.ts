import type { LagHistory, LagSample } from '../../checkpoint/checkpoint.js';
import type { Clock } from '../../core/clock.js';
import { iso, withLinkedAbort } from '../../core/time.js';

const minuteMs = 60_000;
/** A sample that is not stored within this time is dropped. */
const keepMs = 5_000;

/** Stores one sample of the lag per minute, for people. Never delays or fails a run: a sample may be lost. */
export class LagRecorder {
  private minute = -1;
  private keeping: Promise<void> = Promise.resolve();

  constructor(
    private readonly history: LagHistory,
    private readonly clock: Clock,
  ) {}

  /** The first sample of each minute is kept. */
  seen(sample: Omit<LagSample, 'at'>): void {
    const now = this.clock.now();
    const minute = Math.floor(now / minuteMs);
    if (minute === this.minute) return;
    this.minute = minute;
    const limit = { clock: this.clock, ms: keepMs };
    const kept = withLinkedAbort([], limit, (signal) => this.history.add({ at: iso(now), ...sample }, signal));
    this.keeping = kept.catch(() => undefined);
  }

  /** Resolves once what was seen is kept, or never will be. */
  settled(): Promise<void> {
    return this.keeping;
  }
}
