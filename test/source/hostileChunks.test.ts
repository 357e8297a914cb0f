import { test } from 'vitest';

import { checkMutatedChunks } from './mutatedChunks.js';

test('60 mutated chunks never give a record that is not whole, nor lose one before the first bad byte', () =>
  checkMutatedChunks(60));
