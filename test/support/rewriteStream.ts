import { onTestFinished } from 'vitest';
import type { StoredEvent } from '../../dev/eventstore/eventStoreServer.js';
import { systemClock } from '../../src/core/clock.js';
import type { TargetEvent } from '../../src/core/record.js';
import { eventStoreTarget } from '../../src/target/eventStoreTarget.js';
import { noStream } from '../../src/target/target.js';
import { measured } from '../target/sampleEvent.js';
import type { Ferry } from './ferry.js';
import { RecordingLogger } from './recordingLogger.js';

/** Changes a ferry's target stream: truncates it and writes the changed events, byte for byte. */
export async function rewriteStream(ferry: Ferry, change: (events: StoredEvent[]) => void): Promise<void> {
  const events = ferry.events();
  change(events);
  await ferry.server.truncateTo(ferry.stream, noStream);
  const { connectionString } = ferry.server;
  const logger = new RecordingLogger();
  const target = eventStoreTarget({ connectionString, appendBytes: 1_000_000, clock: systemClock, logger });
  onTestFinished(() => target.close());
  const call = target.open();
  let revision = noStream;
  // One event per append, because the changed list may hold the same event twice.
  for (const event of events) {
    revision = await call.append(ferry.stream, measured([event as unknown as TargetEvent]), revision);
  }
  call.close();
}

/** An event as schema 1 had it: its mark names neither the event before nor the line break that was undone. */
export function withoutLink(event: StoredEvent): StoredEvent {
  const unlinked = event.metadata.toString().replace(/"v":2,"after":"[^"]*"/, '"v":1');
  const text = unlinked.replace(/"reformatted":"[^"]*"/, '"reformatted":true');
  return { ...event, metadata: Buffer.from(text) };
}
