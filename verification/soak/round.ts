import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { Audit } from '../../dev/journalAudit.js';
import type { Random } from '../simulation/random.js';
import { drawAct, type Act, type Deed, type Subject } from './act.js';
import { audited } from './audited.js';
import { caughtUp } from './caughtUp.js';
import type { World } from './world.js';

/** Between two acts, in ms. */
const pause = { leastMs: 20, maxMs: 150 };
/** So many acts at once leave replication room to get somewhere between them. */
const maxAtOnce = 6;
const roundMs = { least: 20_000, most: 40_000 };

/** What a round came to. */
export interface RoundResult {
  readonly deeds: readonly Deed[];
  readonly audit: Audit;
  /** From the end of the last act until the stream held everything written. */
  readonly recoveryMs: number;
}

/**
 * One round: a writer writes, a replicator follows, and acts drawn at random are done to all of them. Then nothing
 * more is done, everything written must arrive, and what the server has on its disk is held against the writer's
 * journal and, with `eventferry verify`, against the source.
 *
 * @param maxMs the longest time for acts
 * @throws Error for anything that is not as it must be, or the signal's reason
 */
export async function round(world: World, random: Random, maxMs: number, signal: AbortSignal): Promise<RoundResult> {
  const note = notes(world);
  for (const kept of [world.server, world.writer, world.replicator]) kept.start();
  const forMs = Math.min(random.between(roundMs.least, roundMs.most), maxMs);
  const deeds = await Promise.race([disturb(world, random, forMs, note, signal), world.failed]);
  note('no more acts');
  await world.writer.stop();
  const recoveryMs = await Promise.race([caughtUp(world, signal), world.failed]);
  note(`caught up after ${recoveryMs} ms`);
  await world.replicator.stop();
  await world.server.kill();
  return { deeds, recoveryMs, audit: await audited(world) };
}

/** Does one act after the other for the time of a round. Ends when all of them have ended. */
async function disturb(
  world: World,
  random: Random,
  forMs: number,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<Deed[]> {
  const end = Date.now() + forMs;
  const busy = new Set<Subject>();
  const deeds: Deed[] = [];
  let atOnce = 0;
  const underWay: Promise<void>[] = [];
  const perform = async ({ subjects, perform }: Act): Promise<void> => {
    for (const subject of subjects) busy.add(subject);
    atOnce += 1;
    const deed = await perform(world);
    atOnce -= 1;
    for (const subject of subjects) busy.delete(subject);
    if (deed) deeds.push(deed);
    note(deed?.name ?? `nothing could be done to ${subjects.join()}`);
  };
  while (Date.now() < end) {
    await delay(random.between(pause.leastMs, pause.maxMs), undefined, { signal });
    const act = drawAct(random);
    // Both would be done to it at once: the next may be another's.
    if (atOnce >= maxAtOnce || act.subjects.some((subject) => busy.has(subject))) continue;
    const performed = perform(act);
    // It is heard of at the end.
    performed.catch(() => undefined);
    underWay.push(performed);
  }
  await Promise.all(underWay);
  return deeds;
}

/** What happened when, in a file beside the data. */
function notes(world: World): (text: string) => void {
  const file = join(world.dir, 'acts.log');
  const note = (text: string): void => appendFileSync(file, `${new Date().toISOString()} ${text}\n`);
  note('a round begins');
  return note;
}
