import { describe, test } from 'vitest';
import { sharedEmbeddedServer } from '../support/embeddedServer.js';
import { fixtureStores } from '../support/fixtureStores.js';
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
  test.each(fixtureStores)('arrives record by record, byte by byte: %s', (name) => expectArrival(server(), name));

  test.each(['v3-small-json-crlf-pageblob', 'v3-torn-restart-pageblob'] as const)(
    'arrives after the original reader has truncated its chunks: %s',
    (name) => expectTruncatedArrival(server(), name),
  );

  test('arrives with every key shown: v3-audit-func-file', () =>
    expectArrivalOfEveryKey(server(), 'v3-audit-func-file'));

  test.each(fixtureStores)('arrives while it is followed and written chunk by chunk: %s', (name) =>
    expectArrivalWhileWritten(server(), name, chunkByChunk),
  );

  test.each(fixtureStores)('arrives while it is followed and written page by page: %s', (name) =>
    expectArrivalWhileWritten(server(), name, pageByPage),
  );
});

describe('A damaged store', () => {
  test.each(damagedStores)('stops with everything before the damage replicated: %s', (name, chunk, offset) =>
    expectStop(server(), name, chunk, offset),
  );
});
