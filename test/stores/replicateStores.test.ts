import { describe, test } from 'vitest';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import {
  chunkByChunk,
  damagedStores,
  expectArrival,
  expectArrivalOfEveryKey,
  expectArrivalWhileWritten,
  expectStop,
  expectStopOfMixed,
  expectTruncatedArrival,
  pageByPage,
} from './replication.js';

const server = sharedEmbeddedServer();

describe('A store written by the original code', () => {
  test.each([
    'era-2012-08-int32-file',
    'iddd-torn-file/07-hash-last-byte',
    'v3-small-proto',
    'v3-torn-pageblob/05-payload',
  ] as const)('A store written by the original code arrives record by record, byte by byte: %s', (name) =>
    expectArrival(server(), name),
  );

  test.each(['v3-torn-restart-pageblob'] as const)(
    'A store written by the original code arrives after the original reader has truncated its chunks: %s',
    (name) => expectTruncatedArrival(server(), name),
  );

  test('A store written by the original code arrives with every key shown: v3-audit-func-file', () =>
    expectArrivalOfEveryKey(server(), 'v3-audit-func-file'));

  test.each(['v3-prefix-disorder-file', 'v3-torn-restart-file'] as const)(
    'A store written by the original code arrives while it is followed and written chunk by chunk: %s',
    (name) => expectArrivalWhileWritten(server(), name, chunkByChunk),
  );

  test.each(['iddd-small-pageblob'] as const)(
    'A store written by the original code arrives while it is followed and written page by page: %s',
    (name) => expectArrivalWhileWritten(server(), name, pageByPage),
  );
});

test('A store of both variants stops with everything before the second replicated', () => expectStopOfMixed(server()));

describe('A damaged store', () => {
  test.each(damagedStores.slice(0, 1))(
    'A damaged store stops replication with everything before the damage replicated: %s',
    (name, chunk, offset) => expectStop(server(), name, chunk, offset),
  );
});
