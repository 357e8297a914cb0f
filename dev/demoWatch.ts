import { setTimeout as delay } from 'node:timers/promises';

import type { DemoProgress, DemoState } from './demoProgress.js';
import { container } from './laptop.js';
import type { Laptop } from './laptop.js';
import { readJournal } from './writer/journal.js';

/** When nothing moves for so long something is wrong. */
const stuckMs = 20_000;
const lookMs = 100;

/** Looks at the writer's and the replicator's progress every now and then, until the signal is aborted. */
export class DemoWatch {
  /** When the first event was seen in the target stream, in ms since 1970. */
  firstEventAt = 0;
  private written = 0;

  constructor(
    private readonly laptop: Laptop,
    private readonly signal: AbortSignal,
  ) {}

  /** Takes what the writer says: how many records are acknowledged. */
  heard(message: unknown): void {
    this.written = (message as { acknowledged: number }).acknowledged;
  }

  /** Shows how far we are. @throws Error when nothing has moved for a while, or with the signal's reason */
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

  /** Waits until the last event of the last acknowledged commit is the target stream's last. */
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
