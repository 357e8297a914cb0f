import { describe, test } from 'vitest';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { fixtureStores } from '../support/stores/fixtureStores.js';
import {
  chunkByChunk,
  damagedStores,
  expectArrival,
  expectArrivalOfEveryKey,
  expectArrivalWhileWritten,
  expectStop,
  expectTruncatedArrival,
  pageByPage,
} from './replication.js';

const server = sharedEmbeddedServer();

describe('A store written by the original code', () => {
  test.each(fixtureStores)('A store written by the original code arrives record by record, byte by byte: %s', (name) =>
    expectArrival(server(), name),
  );

  test.each(['v3-small-json-crlf-pageblob', 'v3-torn-restart-pageblob'] as const)(
    'A store written by the original code arrives after the original reader has truncated its chunks: %s',
    (name) => expectTruncatedArrival(server(), name),
  );

  test('A store written by the original code arrives with every key shown: v3-audit-func-file', () =>
    expectArrivalOfEveryKey(server(), 'v3-audit-func-file'));

  test.each(fixtureStores)(
    'A store written by the original code arrives while it is followed and written chunk by chunk: %s',
    (name) => expectArrivalWhileWritten(server(), name, chunkByChunk),
  );

  test.each(fixtureStores)(
    'A store written by the original code arrives while it is followed and written page by page: %s',
    (name) => expectArrivalWhileWritten(server(), name, pageByPage),
  );
});

describe('A damaged store', () => {
  test.each(damagedStores)(
    'A damaged store stops replication with everything before the damage replicated: %s',
    (name, chunk, offset) => expectStop(server(), name, chunk, offset),
  );
});
