import { AzureNamedKeyCredential, generateAccountSas, RestError, TableClient } from '@azure/data-tables';
import type { TableServiceClientOptions } from '@azure/data-tables';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';

import type { CheckpointStore } from '../../src/checkpoint/checkpoint.js';
import { entityOf } from '../../src/checkpoint/entity.js';
import { TableCheckpoint } from '../../src/checkpoint/table.js';
import { azuriteConnectionString, freshTableName } from '../support/services/azurite.js';
import { fullNote, rowAt } from './checkpointRows.js';

type Policy = NonNullable<TableServiceClientOptions['additionalPolicies']>[number]['policy'];

function storeIn(table: string, client: TableServiceClientOptions = {}, names = {}): CheckpointStore {
  return new TableCheckpoint({
    storage: { kind: 'connectionString', value: azuriteConnectionString() },
    table,
    source: 'billing',
    stream: 'billing-events',
    client: { retryOptions: { maxRetries: 3, retryDelayInMs: 1 }, ...client },
    ...names,
  });
}

function rawClient(table: string): TableClient {
  return TableClient.fromConnectionString(azuriteConnectionString(), table, { allowInsecureConnection: true });
}

/** The first write that the service has carried out never gets its answer here, and the client tries again. */
function losingOneAnswer(): { readonly options: TableServiceClientOptions; readonly lost: () => number } {
  let lost = 0;
  const policy: Policy = {
    name: 'losingOneAnswer',
    sendRequest: async (request, next) => {
      const answer = await next(request);
      if (request.method === 'GET' || lost > 0 || answer.status >= 400) return answer;
      lost += 1;
      throw new RestError('socket hang up', { code: 'ECONNRESET', request });
    },
  };
  return { options: { additionalPolicies: [{ policy, position: 'perRetry' }] }, lost: () => lost };
}

describe('the checkpoint in a table', () => {
  test('The checkpoint row is absent at first, and looking for it makes no table', async () => {
    const table = freshTableName();
    expect(await storeIn(table).load()).toBeUndefined();
    await expect(rawClient(table).createEntity({ partitionKey: 'a', rowKey: 'b' })).rejects.toMatchObject({
      statusCode: 404,
    });
  });

  test('The checkpoint row that is read is the one that was written last', async () => {
    const store = storeIn(freshTableName());
    const first = await store.insert(rowAt(1));
    const second = await store.replace({ ...rowAt(2), run: fullNote }, first.etag);
    expect(await store.load()).toEqual({ row: { ...rowAt(2), run: fullNote }, etag: second.etag });
  });

  test('The checkpoint row keeps 64-bit numbers exactly', async () => {
    const table = freshTableName();
    await storeIn(table).insert(rowAt(1));
    const entity = await rawClient(table).getEntity('billing', 'billing-events');
    expect(entity).toMatchObject({ position: 2n, revision: 0n, offset: 200n });
  });

  test('Each source and stream has a checkpoint row of its own, whatever their names', async () => {
    const table = freshTableName();
    const names = [
      { source: "it's/a\\b#c?d%e&f+g=h", stream: 'köln 100%' },
      { source: 'a', stream: 'x'.repeat(2000) },
      { source: 'a', stream: `${'x'.repeat(2000)}y` },
    ];
    for (const [index, name] of names.entries())
      await storeIn(table, {}, name).insert({ ...rowAt(index + 1), ...name });
    for (const [index, name] of names.entries()) {
      expect((await storeIn(table, {}, name).load())?.row).toEqual({ ...rowAt(index + 1), ...name });
    }
  });

  test.each([
    ['a URL', (endpoint: string, sas: string) => ({ kind: 'url', url: `${endpoint}?${sas}` }) as const],
    [
      'a connection string',
      (endpoint: string, sas: string) =>
        ({ kind: 'connectionString', value: `TableEndpoint=${endpoint};SharedAccessSignature=${sas}` }) as const,
    ],
  ])('The checkpoint row needs no more than a SAS, in %s', async (_where, storageOf) => {
    const [, endpoint = ''] = /TableEndpoint=([^;]+)/.exec(azuriteConnectionString()) ?? [];
    const [, key = ''] = /AccountKey=([^;]+)/.exec(azuriteConnectionString()) ?? [];
    const sas = generateAccountSas(new AzureNamedKeyCredential('devstoreaccount1', key), {
      permissions: { query: true, add: true, update: true, write: true },
    });
    const store = storeIn(freshTableName(), {}, { storage: storageOf(endpoint, sas) });
    const first = await store.insert(rowAt(1));
    await store.replace(rowAt(2), first.etag);
    expect((await store.load())?.row).toEqual(rowAt(2));
  });

  test('The checkpoint row is not inserted over another row', async () => {
    const store = storeIn(freshTableName());
    const first = await store.insert(rowAt(1));
    await expect(store.insert(rowAt(2))).rejects.toMatchObject({ kind: 'CheckpointMoved' });
    expect(await store.load()).toEqual(first);
  });

  test('The checkpoint row is not replaced over what someone else wrote', async () => {
    const store = storeIn(freshTableName());
    const first = await store.insert(rowAt(1));
    const theirs = await store.replace(rowAt(5), first.etag);
    await expect(store.replace(rowAt(2), first.etag)).rejects.toMatchObject({ kind: 'CheckpointMoved' });
    expect(await store.load()).toEqual(theirs);
  });

  test('The checkpoint row is not written again after someone deleted it', async () => {
    const table = freshTableName();
    const first = await storeIn(table).insert(rowAt(1));
    await rawClient(table).deleteEntity('billing', 'billing-events');
    await expect(storeIn(table).replace(rowAt(2), first.etag)).rejects.toMatchObject({ kind: 'CheckpointMoved' });
    expect(await storeIn(table).load()).toBeUndefined();
  });

  test('A checkpoint write recognises its own insert when the answer was lost', async () => {
    const table = freshTableName();
    await storeIn(table).insert({ ...rowAt(1), source: 'another' });
    const { options, lost } = losingOneAnswer();
    const stored = await storeIn(table, options).insert(rowAt(1));
    expect(lost()).toBe(1);
    expect(await storeIn(table).load()).toEqual(stored);
  });

  test('A checkpoint write recognises its own replacement when the answer was lost, and goes on from there', async () => {
    const table = freshTableName();
    const first = await storeIn(table).insert(rowAt(1));
    const { options, lost } = losingOneAnswer();
    const store = storeIn(table, options);
    const second = await store.replace({ ...rowAt(2), run: fullNote }, first.etag);
    expect(lost()).toBe(1);
    await store.replace(rowAt(3), second.etag);
    expect((await store.load())?.row).toEqual(rowAt(3));
  });

  test('The checkpoint row of a newer Eventferry is left alone', async () => {
    const table = freshTableName();
    await storeIn(table).insert(rowAt(1));
    await rawClient(table).updateEntity({ ...entityOf(rowAt(1)), schema: 2 }, 'Replace');
    await expect(storeIn(table).load()).rejects.toMatchObject({ kind: 'NewerSchema' });
  });
});

describe('a checkpoint table that cannot be used', () => {
  const key = Buffer.from('wrong key').toString('base64');

  test('A checkpoint table that does not answer is named with its account, without the key', async () => {
    const value = `AccountName=ledger;AccountKey=${key};DefaultEndpointsProtocol=http;TableEndpoint=http://127.0.0.1:1/ledger`;
    const store = storeIn('checkpoints', {}, { storage: { kind: 'connectionString', value } });
    const failure: unknown = await store.load().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      kind: 'CheckpointUnreachable',
      message: expect.stringMatching(/table checkpoints of account ledger cannot be reached.*ECONNREFUSED/) as string,
      facts: { table: 'checkpoints', account: 'ledger' },
    });
    expect(JSON.stringify(failure)).not.toContain(key);
  });

  test('A checkpoint table that refuses us is named with its account', async () => {
    const value = azuriteConnectionString().replace(/AccountKey=[^;]+/, `AccountKey=${key}`);
    const store = storeIn(freshTableName(), {}, { storage: { kind: 'connectionString', value } });
    await expect(store.load()).rejects.toMatchObject({
      kind: 'CheckpointUnreachable',
      message: expect.stringMatching(/of account devstoreaccount1 answers 403/) as string,
      facts: { status: 403 },
    });
  });

  test('A call to the checkpoint table that is never answered is given up', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const value = `AccountName=ledger;AccountKey=${key};DefaultEndpointsProtocol=http;TableEndpoint=http://127.0.0.1:${port}/ledger`;
    const store = storeIn('checkpoints', {}, { storage: { kind: 'connectionString', value }, answerWithinMs: 50 });
    await expect(store.load()).rejects.toMatchObject({
      kind: 'CheckpointUnreachable',
      message: expect.stringMatching(/of account ledger cannot be reached \(.*no answer within 50 ms\)/) as string,
    });
    silent.close();
    silent.closeAllConnections();
  });

  test('A call to the checkpoint table ends at once when the caller gives up', async () => {
    const store = storeIn(freshTableName());
    await expect(store.load(AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
