import { test } from 'vitest';

import { expectFewBatches, testCallsOf } from './callCounts.js';

testCallsOf([1_000, 20_000], 2_000);

test('A batch takes the records of several small chunks', () => expectFewBatches(500));
