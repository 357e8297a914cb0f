import type { RunProgress } from '../../engine/terms.js';
import type { SourceLag } from '../../source/source.js';

/** How fast a run is, and how much of it is left. */
export interface Speed {
  readonly eventsPerSecond: number;
  /** All events of this run; an estimate until it has caught up. */
  readonly total: number;
  readonly secondsLeft?: number;
}

/** The rate is measured over this much of the past. */
const windowMs = 10_000;

export class Pace {
  private samples: { readonly atMs: number; readonly events: number }[] = [];
  private total = 0;
  private lag: SourceLag | undefined;

  /** @param nowMs time of a clock that never goes back, in ms */
  seen({ events, lag }: RunProgress, nowMs: number): Speed {
    this.samples.push({ atMs: nowMs, events });
    const kept = this.samples.findIndex(({ atMs }) => atMs >= nowMs - windowMs);
    // One sample from before the window stays, so that a slow run has a rate too.
    this.samples = this.samples.slice(Math.max(0, kept - 1));
    if (lag !== this.lag) this.total = events + (lag?.events ?? 0);
    this.lag = lag;
    this.total = Math.max(this.total, events);
    const eventsPerSecond = this.rate();
    const left = this.total - events;
    return {
      eventsPerSecond,
      total: this.total,
      ...((left === 0 || eventsPerSecond > 0) && { secondsLeft: left === 0 ? 0 : left / eventsPerSecond }),
    };
  }

  private rate(): number {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.atMs === first.atMs) return 0;
    return ((last.events - first.events) * 1000) / (last.atMs - first.atMs);
  }
}
