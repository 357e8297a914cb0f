import { setTimeout as delay } from 'node:timers/promises';

import type { Random } from '../simulation/schedule/random.js';
import type { KeptProcess } from './keptProcess.js';
import type { Direction } from './lane.js';
import type { Road } from './road.js';
import type { World } from './world.js';

/** A disturbance of a world that ends by itself. */
export interface Act {
  /** What is disturbed. No other act disturbs it meanwhile. */
  readonly subjects: readonly Subject[];
  /** Does it. @returns what was done, for the tally; undefined when it had no effect */
  readonly perform: (world: World) => Promise<Deed | undefined>;
}

export type Subject = 'replicator' | 'second' | 'server' | 'storage' | 'writer' | RoadName;
type RoadName = 'source' | 'checkpoint' | 'target';

/** What an act did. */
export interface Deed {
  readonly name: string;
  /** Whether a process was killed or connections were cut; otherwise something was only held up. */
  readonly isCut: boolean;
}

/** How long an act waits for the stream to grow, so that it disturbs work. Kills wait longer: each costs a restart. */
const maxWaitMs = { kill: 5_000, cut: 500 };

/** The kinds of acts, each with its weight: how often it is drawn in relation to the others. */
const kinds: readonly (readonly [weight: number, draw: (random: Random) => Act])[] = [
  [24, (random) => killReplicator(random)],
  [10, (random) => killServer(random)],
  [1, () => killWriter()],
  [44, (random) => cut(random)],
  [5, (random) => close(random)],
  [1, (random) => stopStorage(random)],
  [8, (random) => hold(random)],
  [4, (random) => halfClose(random)],
  [4, (random) => slow(random)],
  [4, (random) => freezeProcess(random)],
  [2, (random) => freezeStorage(random)],
  [3, (random) => runSecond(random)],
];

/** Draws the next act. */
export function drawAct(random: Random): Act {
  let left = random.next() * kinds.reduce((sum, [weight]) => sum + weight, 0);
  const [, draw] = kinds.find(([weight]) => (left -= weight) < 0) ?? random.pick(kinds);
  return draw(random);
}

function killReplicator(random: Random): Act {
  const isEarly = random.chance(0.15);
  const [afterMs, restartMs] = [random.between(0, isEarly ? 600 : 100), random.between(0, 100)];
  return {
    subjects: ['replicator'],
    perform: async (world) => {
      const isAtWork = isEarly ? false : await grown(world, maxWaitMs.kill);
      await delay(afterMs);
      await world.replicator.kill();
      await delay(restartMs);
      world.replicator.start();
      return cutting(isAtWork ? 'replicator killed in its work' : 'replicator killed at its start or in a wait');
    },
  };
}

function killServer(random: Random): Act {
  const [afterMs, restartMs] = [random.between(0, 100), random.skewed(10, 500)];
  return {
    subjects: ['server'],
    perform: async (world) => {
      const isAtWork = await grown(world, maxWaitMs.kill);
      await delay(afterMs);
      await world.server.kill();
      await delay(restartMs);
      world.server.start();
      return cutting(isAtWork ? 'server killed in its work' : 'server killed at its start or in a wait');
    },
  };
}

/** The storage must not be disturbed meanwhile: when the writer restarts, its last write is stored or never will be. */
function killWriter(): Act {
  return {
    subjects: ['writer', 'storage'],
    perform: async (world) => {
      await world.writer.kill();
      const { acknowledged } = world;
      world.writer.start();
      await until(() => world.acknowledged > acknowledged, 'the writer, started again, has written nothing');
      return cutting('writer killed');
    },
  };
}

function cut(random: Random): Act {
  const [name, afterMs] = [drawRoad(random), random.between(0, 100)];
  return {
    subjects: [name],
    perform: async (world) => {
      const isAtWork = await grown(world, maxWaitMs.cut);
      await delay(afterMs);
      if (world.roads[name].cut() === 0) return undefined;
      return cutting(`${name} connections cut${isAtWork ? ' in work' : ''}`);
    },
  };
}

function close(random: Random): Act {
  const [name, forMs] = [drawRoad(random), random.skewed(20, 1_500)];
  return onRoad(name, async (road) => {
    road.closed = true;
    road.cut();
    await delay(forMs);
    road.closed = false;
    return cutting(`${name} cut off for a while`);
  });
}

/** Azurite ends and starts slowly, so this act is drawn rarely. */
function stopStorage(random: Random): Act {
  const restartMs = random.skewed(20, 1_000);
  return {
    subjects: ['storage', 'writer', 'source', 'checkpoint'],
    perform: async ({ storage }) => {
      await storage.stop();
      await delay(restartMs);
      await storage.start();
      return cutting('storage stopped and started');
    },
  };
}

function hold(random: Random): Act {
  const directions = random.pick<readonly Direction[]>([['requests'], ['answers'], ['requests', 'answers']]);
  const whom = random.pick(['present', 'all'] as const);
  const [name, forMs, how] = [drawRoad(random), random.skewed(50, 4_000), random.pick(['deliver', 'drop'] as const)];
  return onRoad(name, async (road) => {
    const release = road.hold(directions, whom);
    await delay(forMs);
    release(how);
    const what = directions.length > 1 ? 'everything' : directions[0];
    return holdingUp(`${name}: ${what} swallowed, ${how === 'drop' ? 'then cut' : 'delivered late'}`);
  });
}

function halfClose(random: Random): Act {
  const [name, end, forMs] = [drawRoad(random), random.pick(['client', 'server'] as const), random.skewed(50, 2_000)];
  return onRoad(name, async (road) => {
    if (road.halfClose(end) === 0) return undefined;
    await delay(forMs);
    road.cut();
    return holdingUp(`${name} half-closed`);
  });
}

function slow(random: Random): Act {
  const [name, byMs, forMs] = [drawRoad(random), random.skewed(5, 200), random.between(500, 2_000)];
  return onRoad(name, async (road) => {
    road.delayMs = byMs;
    await delay(forMs);
    road.delayMs = 0;
    return holdingUp(`${name} delayed`);
  });
}

function freezeProcess(random: Random): Act {
  const [subject, forMs] = [random.pick(['replicator', 'server'] as const), random.skewed(20, 4_000)];
  return {
    subjects: [subject],
    perform: (world) => frozen(world[subject], forMs, `${subject} frozen`),
  };
}

function freezeStorage(random: Random): Act {
  const forMs = random.skewed(20, 2_000);
  return { subjects: ['storage', 'writer'], perform: ({ storage }) => frozen(storage, forMs, 'storage frozen') };
}

function runSecond(random: Random): Act {
  const [forMs, isKilled] = [random.between(1_000, 6_000), random.chance(0.5)];
  return {
    subjects: ['second'],
    perform: async ({ second }) => {
      second.start();
      await delay(forMs);
      await (isKilled ? second.kill() : second.stop());
      return isKilled ? cutting('second replicator for a while, killed') : holdingUp('second replicator for a while');
    },
  };
}

async function frozen(what: Pick<KeptProcess, 'freeze' | 'thaw'>, forMs: number, name: string): Promise<Deed> {
  what.freeze();
  await delay(forMs);
  what.thaw();
  return holdingUp(name);
}

function onRoad(name: RoadName, perform: (road: Road) => Promise<Deed | undefined>): Act {
  return { subjects: [name], perform: ({ roads }) => perform(roads[name]) };
}

/** The road to the server is drawn most often: there a disturbance can do harm. */
function drawRoad(random: Random): RoadName {
  return random.pick<RoadName>(['target', 'target', 'source', 'checkpoint']);
}

/** Waits until the stream grows, at most `maxMs`. @returns whether it grew */
async function grown(world: World, maxMs: number): Promise<boolean> {
  const [before, last] = [world.serverBytes(), Date.now() + maxMs];
  while (world.serverBytes() <= before && Date.now() < last) await delay(10);
  return world.serverBytes() > before;
}

/** Waits until a condition holds. @throws Error when it does not within a minute */
async function until(isSo: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 60_000; !isSo(); await delay(10))
    if (Date.now() > end) throw new Error(`${what} for a minute`);
}

function cutting(name: string): Deed {
  return { name, isCut: true };
}

function holdingUp(name: string): Deed {
  return { name, isCut: false };
}
