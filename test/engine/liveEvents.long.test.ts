import { test } from 'vitest';

import { expectFewHeld, expectFewHeldByPreview } from './liveEventsCases.js';

test('Of a frame of 109 KB whose 3,000 events have 301 MB of metadata, one append is held at most', () =>
  expectFewHeld(3_000, 100_000, 100));

test('Of a frame of 3 MB with a million empty messages, one append of events is held at most', () =>
  expectFewHeld(1_000_000, 0, 100));

test('A dry run of a frame of 3 MB makes each of its million events when it shows it', () =>
  expectFewHeldByPreview(1_000_000, 0));
