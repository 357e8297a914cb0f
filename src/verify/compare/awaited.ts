import type { Mark } from '../../core/mark.js';
import type { ExpectedEvent } from './difference.js';

/** An expected event that the stream has not shown yet. */
export interface AwaitedEvent extends ExpectedEvent {
  /** Digest of the settings that may rightly have left it out, but are not known; absent for those that did not. */
  readonly unknownSettings?: string;
  /** Other settings leave it out: it need not come if its record was read later, in a detour. */
  readonly isDoubtful?: true;
}

const maxEvents = 10_000;
const maxBytes = 64 * 1024 * 1024;

/** The expected events that the stream passed over, oldest first: they are missing, unless they come later. */
export class Awaited {
  private readonly events = new Map<string, AwaitedEvent>();
  /** Those before the next event that is in its place. */
  private readonly doubtful = new Set<AwaitedEvent>();
  private bytes = 0;

  /** @returns the oldest events, which had to make room: they count as missing */
  add(event: AwaitedEvent): AwaitedEvent[] {
    // A copy: the bytes are views on what was read, which is much more.
    const kept = { ...event, data: Buffer.from(event.data), ...(event.body && { body: Buffer.from(event.body) }) };
    this.events.set(keyOf(event.mark), kept);
    if (kept.isDoubtful) this.doubtful.add(kept);
    this.bytes += bytesOf(kept);
    const dropped: AwaitedEvent[] = [];
    for (const oldest of this.events.values()) {
      if (this.events.size <= maxEvents && this.bytes <= maxBytes) break;
      this.remove(oldest);
      dropped.push(oldest);
    }
    return dropped;
  }

  /** The awaited event that a mark names; it is awaited no longer. */
  take(mark: Mark): AwaitedEvent | undefined {
    const event = this.events.get(keyOf(mark));
    if (event) this.remove(event);
    return event;
  }

  /**
   * The stream holds the next event that is in its place.
   *
   * @param hasPassedOver records before it were not read in their place: doubtful events are awaited no longer
   * @returns how many events are awaited no longer
   */
  met(hasPassedOver: boolean): number {
    const forgotten = hasPassedOver ? [...this.doubtful] : [];
    for (const event of forgotten) this.remove(event);
    this.doubtful.clear();
    return forgotten.length;
  }

  all(): Iterable<AwaitedEvent> {
    return this.events.values();
  }

  private remove(event: AwaitedEvent): void {
    this.events.delete(keyOf(event.mark));
    this.doubtful.delete(event);
    this.bytes -= bytesOf(event);
  }
}

function keyOf({ chunk, offset, index }: Mark): string {
  return `${chunk} ${offset} ${index}`;
}

/** What an expected event holds. */
export function bytesOf({ data, body, metadata }: ExpectedEvent): number {
  return data.length + (body?.length ?? 0) + metadata.length;
}
