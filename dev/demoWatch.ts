import { setTimeout as delay } from 'node:timers/promises';

import type { DemoProgress, DemoState } from './demoProgress.js';
import { container } from './laptop.js';
import type { Laptop } from './laptop.js';
import { readJournal } from './writer/journal.js';

/** The demo fails when neither writer nor replicator makes progress for so long. */
const stuckMs = 20_000;
const lookMs = 100;

/** Checks the progress of writer and replicator at short intervals, until the signal is aborted. */
export class DemoWatch {
  /** When the first event was seen in the target stream, in ms since 1970. */
  firstEventAt = 0;
  private written = 0;

  constructor(
    private readonly laptop: Laptop,
    private readonly signal: AbortSignal,
  ) {}

  /** Takes a message of the writer, which says how many records are acknowledged. */
  heard(message: unknown): void {
    this.written = (message as { acknowledged: number }).acknowledged;
  }

  /**
   * Shows the progress.
   *
   * @throws Error when nothing has moved for a while; the signal's reason when it is aborted
   */
  async untilStuck(total: Pick<DemoState, 'records' | 'events'>, progress: DemoProgress): Promise<never> {
    let seen = '';
    let seenAt = Date.now();
    for (;;) {
      const replicated = this.laptop.eventStore.lastRevision(container) + 1;
      if (replicated > 0) this.firstEventAt ||= Date.now();
      progress.show({ ...total, written: this.written, replicated });
      const now = `${this.written} records written, ${replicated} events replicated`;
      if (now !== seen) [seen, seenAt] = [now, Date.now()];
      if (Date.now() - seenAt > stuckMs) throw new Error(`nothing has moved for ${stuckMs / 1000} s: ${now}`);
      await delay(lookMs, undefined, { signal: this.signal });
    }
  }

  /** Waits until the target stream ends with the last event of the last acknowledged commit. */
  async untilCaughtUp(): Promise<void> {
    const last = readJournal(this.laptop.journal).findLast(
      ({ acknowledged, key, messages }) => acknowledged && key !== 'audit' && messages.length > 0,
    );
    while (last !== undefined && !this.endsWith(last.chunk, last.offset, last.messages.length - 1))
      await delay(lookMs, undefined, { signal: this.signal });
  }

  private endsWith(chunk: string, offset: number, index: number): boolean {
    const { eventStore } = this.laptop;
    const [tail] = eventStore.events(container, Math.max(0, eventStore.lastRevision(container)));
    const { eventferry: mark } = JSON.parse(tail?.metadata.toString() ?? '{}') as {
      eventferry?: Record<string, unknown>;
    };
    return mark?.['chunk'] === chunk && mark['offset'] === offset && mark['index'] === index;
  }
}
