import type { ExpectedEvent } from './difference.js';

const maxLookAhead = 1_000;

/** The events that the source makes, in order, with a look at those that come next. */
export class Upcoming {
  /** The last one is undefined once the end was met. */
  private readonly ahead: (ExpectedEvent | undefined)[] = [];

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
    while (this.ahead.at(-1)?.excluded && this.ahead.length < maxLookAhead) await this.lookAhead();
    const last = this.ahead.at(-1);
    return last?.excluded ? undefined : last;
  }

  /** Takes an event that was peeked, and all before it. */
  take(event: ExpectedEvent): void {
    while (this.ahead.length > 0 && this.ahead.shift() !== event);
  }

  private async lookAhead(): Promise<void> {
    const next = await this.events.next();
    this.ahead.push(next.done ? undefined : next.value);
  }
}
