import type { ExpectedEvent } from './difference.js';

const maxLookAhead = 1_000;

/** The events that the source makes, in order, with a look at those that come next. */
export class Upcoming {
  private readonly ahead: IteratorResult<ExpectedEvent, unknown>[] = [];

  constructor(private readonly events: AsyncIterator<ExpectedEvent>) {}

  /** The next event; undefined at the end. */
  async peek(): Promise<ExpectedEvent | undefined> {
    if (this.ahead.length === 0) this.ahead.push(await this.events.next());
    return eventOf(this.ahead[0]);
  }

  /** The next event that the present settings do not exclude; undefined when none is near. */
  async peekIncluded(): Promise<ExpectedEvent | undefined> {
    await this.peek();
    // Each search ends at the first event that is not excluded, so only the last one of `ahead` can be such an event.
    const last = (): ExpectedEvent | undefined => eventOf(this.ahead.at(-1));
    while (last()?.excluded && this.ahead.length < maxLookAhead) this.ahead.push(await this.events.next());
    return last()?.excluded ? undefined : last();
  }

  /** Takes an event that was peeked, and all before it. */
  take(event: ExpectedEvent): void {
    while (this.ahead.length > 0 && eventOf(this.ahead.shift()) !== event);
  }
}

function eventOf(result: IteratorResult<ExpectedEvent, unknown> | undefined): ExpectedEvent | undefined {
  return result?.done === false ? result.value : undefined;
}
