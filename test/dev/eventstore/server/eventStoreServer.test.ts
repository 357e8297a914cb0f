import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { binaryEvent, ErrorType, EventStoreDBClient, jsonEvent, NO_STREAM, START } from '@eventstore/db-client';
import { describe, expect, test, onTestFinished } from 'vitest';
import { startEventStore, type EventStoreServer } from '../../../../dev/eventstore/eventStoreServer.js';
import { embeddedServer, sharedEmbeddedServer } from '../../../support/services/embeddedServer.js';
import { clientOf, event, reconnected, revisions } from './client.js';
import { loopbackCertificate } from '../loopbackCertificate.js';

const shared = sharedEmbeddedServer();

async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'eventferry-server-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

describe('the embedded server, with the client library', () => {
  test('The embedded server appends JSON and binary events and reads them back, forwards and backwards', async () => {
    const client = clientOf(shared().connectionString);
    const metadata = Buffer.from([0, 255, 10]);
    await client.appendToStream('mixed', [
      jsonEvent({ type: 'Text', data: { a: 'ü' }, metadata: { by: 'me' } }),
      binaryEvent({ type: 'Bytes', data: Buffer.from([1, 2, 3]), metadata }),
    ]);
    const read: unknown[] = [];
    for await (const { event } of client.readStream('mixed', { direction: 'backwards', fromRevision: 'end' }))
      read.push([event?.type, event?.isJson, event?.data, event?.metadata]);
    expect(read).toEqual([
      ['Bytes', false, new Uint8Array([1, 2, 3]), new Uint8Array(metadata)],
      ['Text', true, { a: 'ü' }, { by: 'me' }],
    ]);
  });

  test('The embedded server appends by plain Append too, when a call brings its own credentials', async () => {
    const client = clientOf(shared().connectionString);
    const credentials = { username: 'anyone', password: 'anything' };
    const result = await client.appendToStream('plain', [event(1), event(2)], {
      credentials,
      expectedRevision: NO_STREAM,
    });
    expect(result.nextExpectedRevision).toBe(1n);
    await expect(client.appendToStream('plain', event(3), { credentials, expectedRevision: 7n })).rejects.toMatchObject(
      {
        type: ErrorType.WRONG_EXPECTED_VERSION,
        actualVersion: 1n,
      },
    );
  });

  test('The embedded server reads $all in the order in which it was written, from a position on and back', async () => {
    const client = clientOf(shared().connectionString);
    for (const [stream, n] of [
      ['red', 1],
      ['blue', 2],
      ['red', 3],
    ] as const)
      await client.appendToStream(stream, event(n));
    const read = async (options: Parameters<typeof client.readAll>[0]) => {
      const found: { stream: string; position: { commit: bigint; prepare: bigint } }[] = [];
      for await (const { event } of client.readAll(options))
        if (event && /^(red|blue)$/.test(event.streamId))
          found.push({ stream: event.streamId, position: event.position });
      return found;
    };
    const all = await read({ fromPosition: START });
    expect(all.map(({ stream }) => stream)).toEqual(['red', 'blue', 'red']);
    const middle = all[1]?.position ?? START;
    expect((await read({ fromPosition: middle })).map(({ stream }) => stream)).toEqual(['blue', 'red']);
    const before = await read({ fromPosition: middle, direction: 'backwards', maxCount: 1 });
    expect(before.map(({ stream }) => stream)).toEqual(['red']);
  });

  test('The embedded server keeps metadata, soft-deletes and tombstones', async () => {
    const client = clientOf(shared().connectionString);
    await client.appendToStream('short', [event(1), event(2), event(3)]);
    await client.setStreamMetadata('short', { maxCount: 1, owner: 'us' });
    expect((await client.getStreamMetadata('short')).metadata).toEqual({ maxCount: 1, owner: 'us' });
    expect(await revisions(client, 'short')).toEqual([2]);
    await client.deleteStream('short');
    await expect(revisions(client, 'short')).rejects.toMatchObject({ type: ErrorType.STREAM_NOT_FOUND });
    await client.appendToStream('short', event(4), { expectedRevision: NO_STREAM });
    expect(await revisions(client, 'short')).toEqual([3]);
    await client.tombstoneStream('short');
    await expect(client.appendToStream('short', event(5))).rejects.toMatchObject({ type: ErrorType.STREAM_DELETED });
  });

  test('The embedded server reads three thousand events in order', async () => {
    const client = clientOf(shared().connectionString);
    const events = Array.from({ length: 3_000 }, (_, n) => event(n));
    await client.appendToStream('many', events);
    expect(await revisions(client, 'many')).toEqual(events.map((_, n) => n));
  });

  test('The embedded server refuses an append over its limit, counted as it was told to', async () => {
    const [dataOnly, everything] = [
      await embeddedServer({ maxAppendBytes: 1000 }),
      await embeddedServer({ maxAppendBytes: 1000, countsMetadata: true }),
    ];
    const large = binaryEvent({ type: 'Four', data: Buffer.alloc(900), metadata: Buffer.alloc(93) });
    await clientOf(dataOnly.connectionString).appendToStream('s', large);
    await expect(clientOf(everything.connectionString).appendToStream('s', large)).rejects.toMatchObject({
      type: ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED,
    });
    expect(everything.lastRevision('s')).toBe(-1);
  });
});

describe('TLS and the one user', () => {
  async function secured(): Promise<{ server: EventStoreServer; connect: (login: string) => EventStoreDBClient }> {
    const server = await embeddedServer({ tls: loopbackCertificate, user: { name: 'admin', password: 'changeit' } });
    const caFile = path.join(await temporaryFolder(), 'ca.pem');
    await writeFile(caFile, loopbackCertificate.cert);
    return {
      server,
      connect: (login) => clientOf(`esdb://${login}127.0.0.1:${server.port}?tlsCAFile=${encodeURIComponent(caFile)}`),
    };
  }

  test('The embedded server with TLS lets its user in', async () => {
    const { server, connect } = await secured();
    await connect('admin:changeit@').appendToStream('s', event(1));
    expect(server.lastRevision('s')).toBe(0);
  });

  test.each(['admin:wrong@', ''])('The embedded server with TLS keeps %j out', async (login) => {
    const { server, connect } = await secured();
    const client = connect(login);
    await expect(revisions(client, 's')).rejects.toMatchObject({ type: ErrorType.ACCESS_DENIED });
    await expect(client.appendToStream('s', event(1))).rejects.toThrow();
    expect(server.lastRevision('s')).toBe(-1);
  });

  test('The embedded server with TLS is not trusted by a client that does not know its certificate', async () => {
    const { server } = await secured();
    await expect(revisions(clientOf(`esdb://admin:changeit@127.0.0.1:${server.port}`), 's')).rejects.toThrow();
  });
});

describe('a restart', () => {
  test('A restart of the embedded server keeps everything in memory, on the same port', async () => {
    const server = await embeddedServer();
    const { port } = server;
    const client = clientOf(server.connectionString);
    await client.appendToStream('s', [event(1), event(2)]);
    await server.stop();
    await server.start();
    expect(server.port).toBe(port);
    await reconnected(async () => expect(await revisions(client, 's')).toEqual([0, 1]));
  });

  test('A restart of the embedded server finds streams, metadata, deletes and truncations again in its directory', async () => {
    const dir = await temporaryFolder();
    const first = await startEventStore({ dir });
    const client = EventStoreDBClient.connectionString(first.connectionString);
    for (const stream of ['kept', 'hidden', 'gone', 'cut']) await client.appendToStream(stream, [event(1), event(2)]);
    await client.setStreamMetadata('kept', { truncateBefore: 1 });
    await client.deleteStream('hidden');
    await client.tombstoneStream('gone');
    await first.truncateTo('cut', 0);
    await client.dispose();
    await first.stop();

    const second = await embeddedServer({ dir });
    const again = clientOf(second.connectionString);
    expect(await revisions(again, 'kept')).toEqual([1]);
    expect(await revisions(again, 'cut')).toEqual([0]);
    await expect(revisions(again, 'hidden')).rejects.toMatchObject({ type: ErrorType.STREAM_NOT_FOUND });
    await expect(revisions(again, 'gone')).rejects.toMatchObject({ type: ErrorType.STREAM_DELETED });
    expect(second.events('kept').map(({ id, data }) => [id, data])).toEqual(
      first.events('kept').map(({ id, data }) => [id, data]),
    );
  });

  test('A restart of the embedded server loses what was accepted but never committed, as a crash does', async () => {
    const server = await embeddedServer({ dir: await temporaryFolder(), writeTimeoutMs: 1000 });
    const client = clientOf(server.connectionString);
    await client.appendToStream('s', event(1));
    const release = server.faults.holdCommits();
    await expect(client.appendToStream('s', event(2))).rejects.toMatchObject({ type: ErrorType.DEADLINE_EXCEEDED });
    await server.stop();
    await server.start();
    release();
    await reconnected(async () => expect(await revisions(client, 's')).toEqual([0]));
  });

  test('The embedded server refuses to start on a port that is taken', async () => {
    await expect(startEventStore({ port: shared().port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
