import { randomUUID } from 'node:crypto';
import type { Mark } from '../../src/core/mark.js';
import type { TargetEvent } from '../../src/core/record.js';
import { AppendLimit } from '../../src/target/append/limit.js';
import { type MeasuredEvents, noBytes, sumOf } from '../../src/target/target.js';

/** An event as the target gets it; what a test does not care for is believable. */
export function sampleEvent(part: Partial<TargetEvent> & { readonly at?: Partial<Mark> } = {}): TargetEvent {
  const { at, ...event } = part;
  return {
    id: randomUUID(),
    type: 'InvoicePaid',
    contentType: 'application/json',
    data: Buffer.from('{"amount":42}'),
    metadata: Buffer.from('{"eventferry":{"v":1}}'),
    mark: {
      v: 1,
      source: 'billing',
      position: 1,
      index: 0,
      count: 1,
      key: 'customer-12',
      sha1: '0123456789abcdef',
      chunk: '00000001.dat',
      offset: 0,
      settings: '00000000',
      ...at,
    },
    ...event,
  };
}

/** Several events, one a position. */
export function sampleEvents(count: number, part: Partial<TargetEvent> = {}): TargetEvent[] {
  return Array.from({ length: count }, (_, i) => sampleEvent({ ...part, at: { position: i + 1 } }));
}

/** Events as an append takes them, whatever the limits of a target may be. */
export function measured(events: readonly TargetEvent[]): MeasuredEvents {
  const limit = new AppendLimit(Infinity);
  return { events, size: events.map((event) => limit.measure(event)).reduce(sumOf, noBytes) };
}
