import { randomUUID } from 'node:crypto';
import { noStream, type StoredEvent, type Target } from '../../src/target/target.js';
import { measured, sampleEvents } from '../target/sampleEvent.js';

/** Writes and reads streams of a target. */
export function streamsOf(target: () => Target) {
  const newStream = (): string => `contract-${randomUUID()}`;

  async function append(stream: string, events: ReturnType<typeof sampleEvents>, expected: number): Promise<number> {
    const call = target().open();
    try {
      return await call.append(stream, measured(events), expected);
    } finally {
      call.close();
    }
  }

  /** @returns a stream of its own that holds so many events */
  async function written(count: number): Promise<string> {
    const stream = newStream();
    await append(stream, sampleEvents(count), noStream);
    return stream;
  }

  async function all(...args: Parameters<Target['read']>): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    for await (const event of target().read(...args)) events.push(event);
    return events;
  }

  return { newStream, append, written, all };
}
