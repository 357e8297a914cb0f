import { randomUUID } from 'node:crypto';
import { ErrorType, NO_STREAM, type AppendResult, type EventStoreDBClient } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { embeddedServer, sharedEmbeddedServer } from '../../../support/services/embeddedServer.js';
import { eventually } from '../../../support/waits.js';
import { clientOf, event, reconnected, revisions } from './client.js';

const shared = sharedEmbeddedServer();

describe('faults', () => {
  const stream = (): string => `faults-${randomUUID()}`;

  /** An append that is abandoned at the end of the test if nobody answers. */
  function startAppend(
    client: EventStoreDBClient,
    name: string,
  ): { settled: () => boolean; result: Promise<AppendResult> } {
    let settled = false;
    const result = client.appendToStream(name, event(1));
    const done = (): void => void (settled = true);
    result.then(done, done);
    return { settled: () => settled, result };
  }

  test('The embedded server refuses every call when told to, until told otherwise', async () => {
    shared().faults.refuse = true;
    await expect(revisions(clientOf(shared().connectionString), 's')).rejects.toMatchObject({
      type: ErrorType.UNAVAILABLE,
    });
    shared().faults.clear();
    const name = stream();
    await clientOf(shared().connectionString).appendToStream(name, event(1));
    expect(shared().lastRevision(name)).toBe(0);
  });

  test('The embedded server loses an acknowledgement when told to: the write happens, the answer never comes', async () => {
    const [name, client] = [stream(), clientOf(shared().connectionString)];
    shared().faults.loseAcknowledgements();
    const lost = startAppend(client, name);
    await eventually('the write', () => expect(shared().lastRevision(name)).toBe(0));
    await client.appendToStream(name, event(2));
    expect(lost.settled()).toBe(false);
    expect(shared().lastRevision(name)).toBe(1);
  });

  test.each([
    ['dropBefore', -1],
    ['dropAfter', 0],
  ] as const)(
    'The embedded server cuts the connection of a write (%s), which then stands at revision %d',
    async (fault, revision) => {
      const [name, client] = [stream(), clientOf(shared().connectionString)];
      shared().faults.next(fault);
      await expect(client.appendToStream(name, event(1))).rejects.toThrow();
      expect(shared().lastRevision(name)).toBe(revision);
    },
  );

  test.each([
    ['timeout', -1],
    ['timeoutAfter', 0],
  ] as const)('The embedded server answers %s, with the stream at revision %d', async (fault, revision) => {
    const [name, client] = [stream(), clientOf(shared().connectionString)];
    shared().faults.next(fault);
    await expect(client.appendToStream(name, event(1))).rejects.toMatchObject({ type: ErrorType.DEADLINE_EXCEEDED });
    expect(shared().lastRevision(name)).toBe(revision);
  });

  test('The embedded server asks the test how to answer each write', async () => {
    const [name, client] = [stream(), clientOf(shared().connectionString)];
    const asked: unknown[] = [];
    shared().faults.onWrite = ({ stream, expected, events }) => {
      asked.push([stream, expected, events]);
      return 'none';
    };
    await client.appendToStream(name, [event(1), event(2)], { expectedRevision: NO_STREAM });
    await client.appendToStream(name, event(3), { expectedRevision: 1n });
    expect(asked).toEqual([
      [name, -1, 2],
      [name, 1, 1],
    ]);
  });

  test('The embedded server commits late when told to: the append times out, then the write appears', async () => {
    const server = await embeddedServer({ writeTimeoutMs: 1000 });
    const client = clientOf(server.connectionString);
    const release = server.faults.holdCommits();
    await expect(client.appendToStream('late', event(1))).rejects.toMatchObject({ type: ErrorType.DEADLINE_EXCEEDED });
    await expect(revisions(client, 'late')).rejects.toMatchObject({ type: ErrorType.STREAM_NOT_FOUND });
    release();
    await eventually('the late commit', () => expect(server.lastRevision('late')).toBe(0));
    expect(await revisions(client, 'late')).toEqual([0]);
  });

  test('The embedded server names another leader when told to', async () => {
    const client = clientOf(`${shared().connectionString}&maxDiscoverAttempts=1`);
    shared().faults.leader = { host: '127.0.0.1', port: 1 };
    await expect(client.appendToStream(stream(), event(1))).rejects.toMatchObject({ type: ErrorType.NOT_LEADER });
  });

  test('The embedded server falls silent when told to, and drops the connections of those who wait', async () => {
    const [name, client] = [stream(), clientOf(shared().connectionString)];
    await client.appendToStream(name, event(1));
    shared().faults.silent = true;
    const waiting = startAppend(client, name);
    shared().faults.dropConnections();
    await expect(waiting.result).rejects.toThrow();
    expect(shared().lastRevision(name)).toBe(0);
  });

  test('The embedded server cannot be reached between stop and start', async () => {
    const server = await embeddedServer();
    const client = clientOf(server.connectionString);
    await client.appendToStream('s', event(1));
    await server.stop();
    await expect(revisions(client, 's')).rejects.toThrow();
    await server.start();
    await reconnected(async () => expect(await revisions(client, 's')).toEqual([0]));
  });
});
