import { describe, test } from 'vitest';

import { fixtureStores } from '../support/stores/fixtureStores.js';
import {
  expectFrames,
  expectReading,
  expectReadingWhileWritten,
  expectTruncatedReading,
  ordinaryStores,
} from './storeReading.js';

describe('a store that the original code wrote', () => {
  const kinds = ['block', 'page'] as const;
  test.each(ordinaryStores.flatMap((name) => kinds.map((kind) => [name, kind] as const)))(
    'The original store %s reads as the original reader read it, from %s blobs',
    (name, kind) => expectReading(name, kind),
  );

  test.each(['v3-torn-pageblob/05-payload', 'v3-torn-restart-pageblob', 'v3-small-json-crlf-pageblob'] as const)(
    'The original store %s reads the same after the original reader has truncated its chunks',
    (name) => expectTruncatedReading(name),
  );

  test.each(fixtureStores)('The original store %s has each frame where the original reader saw it', (name) =>
    expectFrames(name),
  );

  test.each([
    'era-2012-08-int32-file',
    'iddd-small-pageblob',
    'v3-duplicate-prefix-pageblob',
    'v3-multi-json-crlf',
    'v3-small-proto',
    'v3-torn-restart-file',
    'v3-torn-restart-pageblob',
  ] as const)('The original store %s reads while it is written as it does when it is complete', (name) =>
    expectReadingWhileWritten(name),
  );
});
