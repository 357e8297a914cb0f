import { test } from 'vitest';

import { expectFewHeld, expectFewHeldByPreview } from './liveEventsCases.js';

test('Of a record that repeats 100,000 bytes of attributes in each of 100 events, one append is held at most', () =>
  expectFewHeld(100, 100_000, 10));

test('Of a record of 10,000 empty messages, one append of events is held at most', () => expectFewHeld(10_000, 0, 2));

test('A dry run makes each event of a large record when it shows it', () => expectFewHeldByPreview(100, 100_000));
