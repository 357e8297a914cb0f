import { BlobServiceClient, ContainerSASPermissions } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';

import { loopbackCertificate } from '../dev/eventstore/loopbackCertificate.js';
import { azuriteConnectionString } from '../support/services/azurite.js';
import { embeddedServer, sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../support/ferry.js';
import { openRoads } from '../support/faults/road.js';
import { eventually, until } from '../support/waits.js';
import { webReceiver } from '../support/services/webReceiver.js';
import { chunk, follow, idleMs, kinds, openFerry, outageMs } from './outageFerry.js';

const server = sharedEmbeddedServer();

// A service that is away at the start, midway, in turn and with the others: `outages.long.test.ts`.

describe('A run that follows', () => {
  test('A following run waits a minute between tries, as often as it takes, and no webhook holds it up', async () => {
    const { ferry, receiver, logged } = await openFerry(server());
    receiver.answer = 500;
    const roads = await openRoads(server());
    await ferry.write(chunk, numbered(1, 3));
    roads.to.target.state = 'down';
    const { done, waits } = follow(ferry, roads.settings, {
      idle: (_, end) => end(),
      outage: (count) => {
        if (count === 4) roads.to.target.state = 'open';
      },
    });
    await until('the run to end', done);
    expect(waits()).toEqual([outageMs, outageMs, outageMs, outageMs, idleMs]);
    expect(logged().map(([event]) => event)).toEqual(['outage-began', 'outage-ended']);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
  });
});

describe('Runs that follow each other in several processes', () => {
  const tick = { stop: new AbortController().signal, whenCaughtUp: 'exit', onOutage: 'fail' } as const;

  test('Runs that follow each other in several processes report an outage once when it begins and once when it ends', async () => {
    const { ferry, posted, logged } = await openFerry(server());
    const roads = await openRoads(server());
    await ferry.write(chunk, numbered(1, 3));
    const processes = [ferry.replicator(roads.settings), ferry.replicator(roads.settings)];
    roads.to.target.state = 'down';
    for (const process of [...processes, ...processes]) {
      await expect(process.run(tick)).rejects.toMatchObject({ kind: 'TargetUnreachable' });
    }
    expect((await ferry.row())?.run?.outage).toMatchObject({ tries: 4, notification: 'sent' });
    roads.to.target.state = 'open';
    for (const process of [...processes, ...processes]) await process.run(tick);
    expect(logged().map(([event]) => event)).toEqual(['outage-began', 'outage-ended']);
    expect(posted()).toEqual([
      ['outage-began', 'TargetUnreachable'],
      ['outage-ended', 'TargetUnreachable'],
    ]);
    expect((await ferry.row())?.run?.outage).toBeUndefined();
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
  });

  test('Runs that follow each other report an outage of the table once when it begins and once when it ends', async () => {
    const { ferry, posted, logged } = await openFerry(server());
    const roads = await openRoads(server());
    await ferry.write(chunk, numbered(1, 3));
    const processes = [ferry.replicator(roads.settings), ferry.replicator(roads.settings)];
    roads.to.checkpoint.state = 'denied';
    for (const process of [...processes, ...processes]) {
      await expect(process.run(tick)).rejects.toMatchObject({ kind: 'CheckpointUnreachable' });
    }
    expect(logged().map(([event]) => event)).toEqual(['outage-began', 'outage-began']);
    roads.to.checkpoint.state = 'open';
    for (const process of [...processes, ...processes]) await process.run(tick);
    const all = ['outage-began', 'outage-began', 'outage-ended', 'outage-ended'];
    expect(logged().map(([event]) => event)).toEqual(all);
    await eventually('each notice to be posted', () => expect(posted().map(([event]) => event)).toEqual(all));
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
  });

  test('Runs that follow each other send a heartbeat after each that was good, and never after one that was not', async () => {
    const beats = await webReceiver();
    const ferry = await Ferry.open(server(), { HEARTBEAT_URL: beats.url });
    const roads = await openRoads(server());
    await ferry.write(chunk, numbered(1, 3));
    const process = ferry.replicator(roads.settings);
    await process.run(tick);
    await process.run(tick);
    await eventually('two heartbeats', () => expect(beats.requests).toHaveLength(2));
    roads.to.target.state = 'down';
    await process.run(tick).catch(() => undefined);
    await process.close();
    expect(beats.requests.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });
});

describe('Rights that are taken away midway', () => {
  test.each(['source', 'checkpoint'] as const)(
    'Rights of the %s that another key takes away are an outage until they are back',
    async (part) => {
      const { ferry, posted, logged } = await openFerry(server());
      const roads = await openRoads(server());
      await ferry.write(chunk, numbered(1, 3));
      const { done } = follow(ferry, roads.settings, {
        idle: async (count, end) => {
          if (count > 1) return end();
          roads.to[part].state = 'denied';
          await ferry.write(chunk, numbered(1, 5));
        },
        outage: () => void (roads.to[part].state = 'open'),
      });
      await until('the run to end', done);
      expect(logged().map(([event]) => event)).toEqual(['outage-began', 'outage-ended']);
      const [began] = ferry.logger.lines.filter(({ event }) => event === 'outage-began');
      expect(began?.facts).toMatchObject({ kind: kinds[part] });
      expect(began?.facts['message']).toMatch(/AuthenticationFailed|denied|403/);
      await eventually('each notice to be posted', () =>
        expect(posted().map(([event]) => event)).toEqual(['outage-began', 'outage-ended']),
      );
      expect(ferry.bodies()).toEqual(numberedBodies(1, 5));
    },
  );

  test("Rights of a signature that the source's access policy takes away are an outage until they are back", async () => {
    const { ferry, logged } = await openFerry(server());
    await ferry.write(chunk, numbered(1, 3));
    const service = BlobServiceClient.fromConnectionString(azuriteConnectionString());
    const policy = {
      id: 'replication',
      accessPolicy: { startsOn: new Date(0), expiresOn: new Date('2100-01-01'), permissions: 'rl' },
    };
    const grant = () => ferry.container.setAccessPolicy(undefined, [policy]);
    await grant();
    const signed = new URL(await ferry.container.generateSasUrl({ identifier: policy.id }));
    expect(ContainerSASPermissions.parse('rl').write).toBe(false);
    const { done } = follow(
      ferry,
      { SOURCE_STORAGE: `${service.url}${signed.search}` },
      {
        idle: async (count, end) => {
          if (count > 1) return end();
          await ferry.container.setAccessPolicy();
          await ferry.write(chunk, numbered(1, 5));
        },
        outage: () => grant().then(() => undefined),
      },
    );
    await until('the run to end', done);
    expect(logged()[0]).toEqual(['outage-began', 'SourceUnreachable']);
    expect(logged().map(([event]) => event)).toEqual(['outage-began', 'outage-ended']);
    expect(JSON.stringify(ferry.logger.lines)).not.toContain(signed.searchParams.get('sig'));
    expect(ferry.bodies()).toEqual(numberedBodies(1, 5));
  });

  test('Rights that another password takes from the user are an outage until it is set back', async () => {
    const user = { name: 'admin', password: 'changeit' };
    const secured = await embeddedServer({ tls: loopbackCertificate, user });
    const { ferry, logged } = await openFerry(server(), {
      EVENTSTORE_CONNECTION_STRING: `esdb://admin:changeit@127.0.0.1:${secured.port}?tls=true`,
      EVENTSTORE_TLS_CA: loopbackCertificate.cert,
    });
    await ferry.write(chunk, numbered(1, 3));
    const { done } = follow(
      ferry,
      {},
      {
        idle: async (count, end) => {
          if (secured.events(ferry.stream).length === 5) return end();
          if (count > 1) return;
          user.password = 'another';
          await ferry.write(chunk, numbered(1, 5));
          secured.faults.dropConnections();
        },
        outage: () => void (user.password = 'changeit'),
      },
    );
    await until('the run to end', done);
    expect(logged()).toEqual([
      ['outage-began', 'TargetAccessDenied'],
      ['outage-ended', undefined],
    ]);
    expect(secured.events(ferry.stream).map(({ data }) => data.toString())).toEqual(numberedBodies(1, 5));
  });

  test('Rights to write the stream that its access control list takes away are an outage until they are back', async () => {
    const { ferry, logged } = await openFerry(server());
    await ferry.write(chunk, numbered(1, 3));
    const { done } = follow(
      ferry,
      {},
      {
        idle: async (count, end) => {
          if (count > 1) return end();
          server().faults.denyWrites = true;
          await ferry.write(chunk, numbered(1, 5));
        },
        outage: () => void (server().faults.denyWrites = false),
      },
    );
    await until('the run to end', done);
    expect(logged()).toEqual([
      ['outage-began', 'TargetAccessDenied'],
      ['outage-ended', undefined],
    ]);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 5));
  });
});
