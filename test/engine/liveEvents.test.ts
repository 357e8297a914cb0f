import { test } from 'vitest';

import { expectFewHeld, expectFewHeldByPreview } from './liveEventsCases.js';

test('Of a record that repeats 100,000 bytes of attributes in each of 300 events, one append is held at most', () =>
  expectFewHeld(300, 100_000, 10));

test('Of a record of 50,000 empty messages, one append of events is held at most', () => expectFewHeld(50_000, 0, 10));

test('A dry run makes each event of a large record when it shows it', () => expectFewHeldByPreview(300, 100_000));
