import { ask, type Channel } from './request.js';
import { webhookBody, type Notice } from './notice.js';

/** Waits before the second, third and fourth try; with the tries themselves at most 33 s. */
const waitsMs = [1_000, 3_000, 9_000];
/** While this many notices wait, others are not sent: a dead webhook must not fill the memory. */
const maxWaiting = 10;

/** Posts notices to one address, one after the other, while other work continues. */
export class Webhook {
  private readonly closing = new AbortController();
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(private readonly options: Channel) {}

  /**
   * Sends a notice after those that wait. Never rejects.
   *
   * @returns true once the notice was taken, or was given up and logged after four tries; false when closed before
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

  /** Resolves once no notice waits. */
  async settled(): Promise<void> {
    await this.last;
  }

  /** Drops the notices that wait. */
  close(): void {
    this.closing.abort();
  }

  private async send(notice: Notice): Promise<boolean> {
    const { url, clock } = this.options;
    const headers = { 'content-type': 'application/json', 'user-agent': 'eventferry' };
    const request = { method: 'POST', headers, body: webhookBody(new URL(url), notice) };
    for (let tries = 0; !this.closing.signal.aborted; tries += 1) {
      const answer = await ask(this.options, request, this.closing.signal);
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
