import { describe, expect, test } from 'vitest';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { numbered, numberedBodies } from '../support/ferry.js';
import { openRoads, parts } from '../support/faults/road.js';
import { eventually, until } from '../support/waits.js';
import { chunk, follow, idleMs, kinds, openFerry, outageMs, setAll } from './outageFerry.js';

const server = sharedEmbeddedServer();

// The storage client's own retries take seconds before it gives up a service that is away, and so does a request whose
// answer never comes.

describe('A run that follows', () => {
  test('A following run outlasts source, table and server, each away in turn, and reports each outage twice', async () => {
    const { ferry, posted, logged } = await openFerry(server());
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

  test('A following run replicates on while a webhook and a heartbeat hang', async () => {
    const { ferry, receiver, posted } = await openFerry(server());
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
          if (ferry.events().length >= 30) end();
        },
        outage: () => void (roads.to.target.state = 'open'),
      },
    );
    await until('the run to end, after 30 events', done);
    expect(new Set(posted().map(([event]) => event))).toEqual(new Set(['outage-began']));
    await until('the connections to be closed', replicator.close());
    expect(ferry.bodies()).toEqual(numberedBodies(1, ferry.events().length));
  });

  test.each(parts)('A following run waits for the %s that is away at the start', async (part) => {
    const { ferry, posted, logged } = await openFerry(server());
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
  ])('A following run reports one outage when all three are away together %s', async (_, downAtIdle) => {
    const { ferry, posted, logged } = await openFerry(server());
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
});
