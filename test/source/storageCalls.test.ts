import { test } from 'vitest';

import { expectFewBatches, testCallsOf } from './callCounts.js';

testCallsOf([10, 600], 60);

test('A batch takes the records of several small chunks', () => expectFewBatches(60));
