import { BlobServiceClient, ContainerSASPermissions } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';

import type { Environment } from '../../src/config/config.js';
import type { Notice } from '../../src/notify/notice.js';
import { loopbackCertificate } from '../dev/eventstore/loopbackCertificate.js';
import { azuriteConnectionString } from '../support/azurite.js';
import { embeddedServer, sharedEmbeddedServer } from '../support/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../support/ferry.js';
import { openRoads, parts, type Part, type Roads } from '../support/road.js';
import { FakeClock } from '../support/fakeClock.js';
import { eventually, until } from '../support/waits.js';
import { webReceiver } from '../support/webReceiver.js';

const server = sharedEmbeddedServer();
const chunk = '00000001-2013-10-15-093000.dat';
/** Leaves the waits at their defaults: 500 ms between polls, a minute between tries in an outage. */
const defaults = { IDLE_POLL_MS: '', OUTAGE_WAIT_SECONDS: '', SETTLE_SECONDS: '' };
const [idleMs, outageMs] = [500, 60_000];
const kinds: Readonly<Record<Part, string>> = {
  source: 'SourceUnreachable',
  checkpoint: 'CheckpointUnreachable',
  target: 'TargetUnreachable',
};

/** A ferry whose people are told by a webhook too. */
async function openFerry(settings: Environment = {}) {
  const receiver = await webReceiver();
  const ferry = await Ferry.open(server(), { ...defaults, ...settings, NOTIFY_WEBHOOK_URL: receiver.url });
  /** What was posted, in order: each event with the kind of its failure. */
  const posted = () =>
    receiver.requests
      .filter(({ method }) => method === 'POST')
      .map(({ body }) => JSON.parse(body) as Notice)
      .map(({ event, failure }) => [event, failure?.kind]);
  /** What was logged at error level: each event, a beginning with its kind. */
  const logged = () =>
    ferry.logger.lines.filter(({ level }) => level === 'error').map(({ event, facts }) => [event, facts['kind']]);
  return { ferry, receiver, posted, logged };
}

/** Follows until stopped; the waits are handed to whoever says what happens next. */
function follow(ferry: Ferry, settings: Environment, onWait: Waits) {
  const stop = new AbortController();
  let [idles, outages] = [0, 0];
  const clock = FakeClock.flowing(async (_, ms) => {
    if (ms === idleMs) await onWait.idle((idles += 1), () => stop.abort());
    if (ms === outageMs) await onWait.outage?.((outages += 1));
  });
  const replicator = ferry.replicator(settings, clock);
  const done = replicator.run({ stop: stop.signal, whenCaughtUp: 'wait', onOutage: 'wait' });
  return { done, waits: () => clock.slept.filter((ms) => ms === idleMs || ms === outageMs), replicator };
}

interface Waits {
  readonly idle: (count: number, end: () => void) => void | Promise<void>;
  readonly outage?: (count: number) => void | Promise<void>;
}

function setAll(roads: Roads, state: 'open' | 'down'): void {
  for (const part of parts) roads.to[part].state = state;
}

describe('A run that follows', () => {
  test('outlasts source, table and server, each away in turn, and tells each outage twice', async () => {
    const { ferry, posted, logged } = await openFerry();
    const roads = await openRoads(server());
    await ferry.write(chunk, numbered(1, 3));
    const { done, waits } = follow(ferry, roads.settings, {
      idle: async (count, end) => {
        const part = parts[count - 1];
        if (part === undefined) return end();
        roads.to[part].state = 'down';
        await ferry.write(chunk, numbered(1, 3 + count));
      },
      outage: () => setAll(roads, 'open'),
    });
    await until('the run to end', done);
    const told = parts.flatMap((part) => [
      ['outage-began', kinds[part]],
      ['outage-ended', kinds[part]],
    ]);
    await eventually('each notice to be posted', () => expect(posted()).toEqual(told));
    expect(logged().map(([event]) => event)).toEqual(told.map(([event]) => event));
    expect(waits()).toEqual([idleMs, outageMs, idleMs, outageMs, idleMs, outageMs, idleMs]);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 6));
    expect((await ferry.row())?.run?.outage).toBeUndefined();
  });

  test.each(parts)('waits for the %s that is away at the start', async (part) => {
    const { ferry, posted, logged } = await openFerry();
    const roads = await openRoads(server());
    await ferry.write(chunk, numbered(1, 3));
    roads.to[part].state = 'down';
    const { done, waits } = follow(ferry, roads.settings, {
      idle: (_, end) => end(),
      outage: () => setAll(roads, 'open'),
    });
    await until('the run to end', done);
    expect(waits()).toEqual([outageMs, idleMs]);
    expect(logged().map(([event]) => event)).toEqual(['outage-began', 'outage-ended']);
    expect(logged()[0]).toEqual(['outage-began', kinds[part]]);
    await eventually('each notice to be posted', () =>
      expect(posted().map(([event]) => event)).toEqual(['outage-began', 'outage-ended']),
    );
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
  });

  test.each([
    ['at the start', 0],
    ['midway', 1],
  ])('takes all three away together %s for one outage', async (_, downAtIdle) => {
    const { ferry, posted, logged } = await openFerry();
    const roads = await openRoads(server());
    await ferry.write(chunk, numbered(1, 3));
    if (downAtIdle === 0) setAll(roads, 'down');
    const { done } = follow(ferry, roads.settings, {
      idle: async (count, end) => {
        if (count > downAtIdle) return end();
        await ferry.write(chunk, numbered(1, 5));
        setAll(roads, 'down');
      },
      outage: () => setAll(roads, 'open'),
    });
    await until('the run to end', done);
    expect(logged().map(([event]) => event)).toEqual(['outage-began', 'outage-ended']);
    await eventually('each notice to be posted', () =>
      expect(posted().map(([event]) => event)).toEqual(['outage-began', 'outage-ended']),
    );
    expect(ferry.bodies()).toEqual(numberedBodies(1, downAtIdle === 0 ? 3 : 5));
  });

  test('waits a minute between tries, as often as it takes, and is held up by no webhook', async () => {
    const { ferry, receiver, logged } = await openFerry();
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

  test('replicates on while a webhook and a heartbeat hang', async () => {
    const { ferry, receiver, posted } = await openFerry();
    receiver.answer = 'hang';
    const roads = await openRoads(server());
    await ferry.write(chunk, numbered(1, 3));
    roads.to.target.state = 'down';
    const { done, replicator } = follow(
      ferry,
      { ...roads.settings, HEARTBEAT_URL: receiver.url },
      {
        idle: async (count, end) => {
          await ferry.write(chunk, numbered(1, 3 + count));
          if (ferry.events().length === 30) end();
        },
        outage: () => void (roads.to.target.state = 'open'),
      },
    );
    await eventually('30 events in the target', () => expect(ferry.events()).toHaveLength(30));
    expect(new Set(posted().map(([event]) => event))).toEqual(new Set(['outage-began']));
    await replicator.close();
    await until('the run to end', done);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 30));
  });
});

describe('Runs that follow each other in several processes', () => {
  const tick = { stop: new AbortController().signal, whenCaughtUp: 'exit', onOutage: 'fail' } as const;

  test('tell an outage once when it begins and once when it ends', async () => {
    const { ferry, posted, logged } = await openFerry();
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

  test('tell it once each while the table is what is away', async () => {
    const { ferry, posted, logged } = await openFerry();
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

  test('beat after each that was good, and never after one that was not', async () => {
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
    'of the %s, by another key of its account, are an outage until they are back',
    async (part) => {
      const { ferry, posted, logged } = await openFerry();
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

  test('of a signature on the source, by its access policy, are an outage until they are back', async () => {
    const { ferry, logged } = await openFerry();
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

  test('of the user at the server, by another password, are an outage until it is set back', async () => {
    const user = { name: 'admin', password: 'changeit' };
    const secured = await embeddedServer({ tls: loopbackCertificate, user });
    const { ferry, logged } = await openFerry({
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

  test('to write the stream, by its access control list, are an outage until they are back', async () => {
    const { ferry, logged } = await openFerry();
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
