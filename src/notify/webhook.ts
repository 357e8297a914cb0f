import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import { ask } from './request.js';
import type { Notice } from './notice.js';
import { webhookBody } from './webhookBody.js';

export interface WebhookOptions {
  /** A secret. */
  readonly url: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A try without an answer is given up after this long. Default 5 s. */
  readonly answerWithinMs?: number;
}

/** Waits before the second, third and fourth try; with the tries themselves at most 33 s. */
const waitsMs = [1_000, 3_000, 9_000];
/** What comes while so many wait is not sent: a webhook that is dead must not fill the memory. */
const maxWaiting = 10;

/** Posts notices to one address, one after the other, beside whatever goes on. */
export class Webhook {
  private readonly url: URL;
  private readonly closing = new AbortController();
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(private readonly options: WebhookOptions) {
    this.url = new URL(options.url);
  }

  /**
   * Sends behind what is still to be sent. Never rejects.
   *
   * @returns true once it was taken, or was given up after four tries, which is logged; false when it was closed before
   */
  tell(notice: Notice): Promise<boolean> {
    if (this.waiting === maxWaiting) {
      this.givenUp(notice, 'too many are waiting');
      return Promise.resolve(true);
    }
    this.waiting += 1;
    const sent = this.last.then(() => this.send(notice)).finally(() => (this.waiting -= 1));
    this.last = sent;
    return sent;
  }

  /** Resolves once nothing is to be sent any more. */
  async settled(): Promise<void> {
    await this.last;
  }

  /** Gives up what is not sent yet. */
  close(): void {
    this.closing.abort();
  }

  private async send(notice: Notice): Promise<boolean> {
    const { clock, answerWithinMs = 5_000 } = this.options;
    const headers = { 'content-type': 'application/json', 'user-agent': 'eventferry' };
    const request = { method: 'POST', headers, body: webhookBody(this.url, notice) };
    for (let tries = 0; !this.closing.signal.aborted; tries += 1) {
      const answer = await ask(this.url, request, answerWithinMs, this.closing.signal);
      if (answer.taken) return true;
      if (this.closing.signal.aborted) break;
      const waitMs = answer.worthAnotherTry ? waitsMs[tries] : undefined;
      if (waitMs === undefined) {
        this.givenUp(notice, answer.reason);
        return true;
      }
      await clock.sleep(waitMs, this.closing.signal);
    }
    return false;
  }

  private givenUp({ event, at }: Notice, reason: string): void {
    this.options.logger.warn('notice-not-sent', { notice: event, at, setting: 'NOTIFY_WEBHOOK_URL', reason });
  }
}
