import { bytesOf } from './awaited.js';
import type { ExpectedEvent } from './difference.js';

/** How many excluded events are looked ahead, and how many bytes of them. */
const maxLookAhead = { events: 1_000, bytes: 64 * 1024 * 1024 };

/** The events that the source makes, in order, with a look at those that come next. */
export class Upcoming {
  /** The last one is undefined once the end was met. */
  private readonly ahead: (ExpectedEvent | undefined)[] = [];
  private aheadBytes = 0;

  constructor(private readonly events: AsyncIterator<ExpectedEvent>) {}

  /** The next event; undefined at the end. */
  async peek(): Promise<ExpectedEvent | undefined> {
    if (this.ahead.length === 0) await this.lookAhead();
    return this.ahead[0];
  }

  /** The next event that the present settings do not exclude; undefined when none is near. */
  async peekIncluded(): Promise<ExpectedEvent | undefined> {
    await this.peek();
    // Each search ends at the first event that is not excluded, so only the last one of `ahead` can be such an event.
    while (this.ahead.at(-1)?.excluded && this.hasRoom) await this.lookAhead();
    const last = this.ahead.at(-1);
    return last?.excluded ? undefined : last;
  }

  /** Takes an event that was peeked, and all before it. */
  take(event: ExpectedEvent): void {
    for (let taken: ExpectedEvent | undefined; this.ahead.length > 0 && taken !== event;) {
      taken = this.ahead.shift();
      if (taken) this.aheadBytes -= bytesOf(taken);
    }
  }

  private get hasRoom(): boolean {
    return this.ahead.length < maxLookAhead.events && this.aheadBytes < maxLookAhead.bytes;
  }

  private async lookAhead(): Promise<void> {
    const next = await this.events.next();
    this.ahead.push(next.done ? undefined : next.value);
    if (!next.done) this.aheadBytes += bytesOf(next.value);
  }
}
