import { ask, type Channel } from './request.js';

const everyMs = 60_000;

/**
 * Requests an address as long as replication is well, while other work continues. The service at that address notices
 * when the requests stop. A lost request is not repeated; the next one comes soon. Never throws.
 */
export class Heartbeat {
  private readonly closing = new AbortController();
  private beatenAt: number;
  private beating: Promise<void> | undefined;
  private isHeard = true;

  constructor(private readonly options: Channel) {
    this.beatenAt = options.clock.elapsed();
  }

  /** Replication is well and continues: sends a request unless the last one, or the start, was within a minute. */
  alive(): void {
    if (this.options.clock.elapsed() - this.beatenAt >= everyMs) this.beat();
  }

  /** A run ended well. */
  beat(): void {
    if (this.beating || this.closing.signal.aborted) return; // while one hangs, no other is sent
    this.beatenAt = this.options.clock.elapsed();
    this.beating = this.send().finally(() => (this.beating = undefined));
  }

  /** Resolves once no request is under way. */
  async settled(): Promise<void> {
    await this.beating;
  }

  close(): void {
    this.closing.abort();
  }

  private async send(): Promise<void> {
    const { options, closing } = this;
    const answer = await ask(options, { headers: { 'user-agent': 'eventferry' } }, closing.signal);
    if (closing.signal.aborted) return;
    // One log line at the first loss, not one a minute.
    if (!answer.taken && this.isHeard) {
      options.logger.warn('heartbeat-not-heard', { setting: 'HEARTBEAT_URL', reason: answer.reason });
    }
    this.isHeard = answer.taken;
  }
}
