import { expect, test } from 'vitest';

import type { ExpectedEvent } from '../../src/verify/compare/difference.js';
import { Upcoming } from '../../src/verify/compare/upcoming.js';
import { sampleEvents, sampleRecord } from '../support/stores/sampleRecords.js';

const mebibyte = 1024 * 1024;

/** The events of records that are excluded, each with so many bytes, and how many of them were made. */
function excludedEvents(bytes: number) {
  const made = { count: 0 };
  const events = (function* (): Generator<ExpectedEvent> {
    for (let position = 1; position <= 10_000; position++) {
      made.count++;
      for (const event of sampleEvents(sampleRecord(position), 1, bytes)) yield { ...event, excluded: true };
    }
  })();
  const next = (): Promise<IteratorResult<ExpectedEvent>> => Promise.resolve(events.next());
  return { made, upcoming: new Upcoming({ next }) };
}

test.each([
  ['of 64 MiB, when they are large', mebibyte, 65],
  ['of a thousand, when they are small', 10, 1_000],
])('A search for an event that is not excluded ends after excluded events %s', async (_, bytes, most) => {
  const { made, upcoming } = excludedEvents(bytes);
  expect(await upcoming.peekIncluded()).toBeUndefined();
  expect(made.count).toBeLessThanOrEqual(most);
  const before = made.count;
  expect(await upcoming.peekIncluded()).toBeUndefined();
  expect(made.count).toBe(before);
  for (let taken = 0; taken < before; taken++) {
    const event = await upcoming.peek();
    if (event) upcoming.take(event);
  }
  expect(await upcoming.peekIncluded()).toBeUndefined();
  expect(made.count).toBe(2 * before);
});
