import { test } from 'vitest';

import { expectFewBatches, testCallsOf } from './callCounts.js';

testCallsOf([10, 600], 60);

test('a batch takes the records of several small chunks', () => expectFewBatches(60));
