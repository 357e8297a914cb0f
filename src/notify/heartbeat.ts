import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import { ask } from './request.js';

export interface HeartbeatOptions {
  /** A secret. */
  readonly url: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A beat without an answer is given up after this long. Default 5 s. */
  readonly answerWithinMs?: number;
}

const everyMs = 60_000;

/**
 * Asks for an address as long as replication is well, beside whatever goes on: whoever watches that address notices when
 * it stops. A beat that is lost is not repeated, the next one comes soon. Never throws.
 */
export class Heartbeat {
  private readonly url: URL;
  private readonly closing = new AbortController();
  private beatenAt: number;
  private beating: Promise<void> | undefined;
  private isHeard = true;

  constructor(private readonly options: HeartbeatOptions) {
    this.url = new URL(options.url);
    this.beatenAt = options.clock.elapsed();
  }

  /** Replication is well, and goes on: beats unless that, or the beginning of it all, was within the last minute. */
  alive(): void {
    if (this.options.clock.elapsed() - this.beatenAt >= everyMs) this.beat();
  }

  /** A run was good. */
  beat(): void {
    if (this.beating || this.closing.signal.aborted) return; // one that hangs is no reason for another
    this.beatenAt = this.options.clock.elapsed();
    this.beating = this.send().finally(() => (this.beating = undefined));
  }

  /** Resolves once no beat is under way. */
  async settled(): Promise<void> {
    await this.beating;
  }

  close(): void {
    this.closing.abort();
  }

  private async send(): Promise<void> {
    const { logger, answerWithinMs = 5_000 } = this.options;
    const request = { headers: { 'user-agent': 'eventferry' } };
    const answer = await ask(this.url, request, answerWithinMs, this.closing.signal);
    if (this.closing.signal.aborted) return;
    // One line when it begins, not one a minute.
    if (!answer.taken && this.isHeard) {
      logger.warn('heartbeat-not-heard', { setting: 'HEARTBEAT_URL', reason: answer.reason });
    }
    this.isHeard = answer.taken;
  }
}
