import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { Audit } from '../../dev/journalAudit.js';
import type { Random } from '../simulation/schedule/random.js';
import { drawAct, type Act, type Deed, type Subject } from './act.js';
import { audited } from './audited.js';
import { caughtUp } from './caughtUp.js';
import type { World } from './world.js';

/** The pause between the starts of two acts, in ms. */
const pause = { leastMs: 20, maxMs: 150 };
/** The most acts at once; with more of them replication would hardly make progress. */
const maxAtOnce = 6;
const roundMs = { least: 20_000, most: 40_000 };

/** The result of a round. */
export interface RoundResult {
  readonly deeds: readonly Deed[];
  readonly audit: Audit;
  /** From the end of the last act until the stream held everything written. */
  readonly recoveryMs: number;
}

/**
 * Does one round. A writer writes, a replicator follows, and acts drawn at random disturb all of them. Then the acts
 * end, and everything written must arrive. At last what the server has on its disk is compared with the writer's
 * journal and, by `eventferry verify`, with the source.
 *
 * @param maxMs the longest time for acts
 * @throws Error for anything that is wrong, or the signal's reason
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

/** Starts one act after the other for `forMs`. Resolves when all of them have ended. */
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
    // Two acts must not disturb the same subject at once; the next act drawn may have another subject.
    if (atOnce >= maxAtOnce || act.subjects.some((subject) => busy.has(subject))) continue;
    const performed = perform(act);
    // `Promise.all` below throws its error.
    performed.catch(() => undefined);
    underWay.push(performed);
  }
  await Promise.all(underWay);
  return deeds;
}

/** Opens the log of acts, a file beside the data. @returns a function that adds a line to it */
function notes(world: World): (text: string) => void {
  const file = join(world.dir, 'acts.log');
  const note = (text: string): void => appendFileSync(file, `${new Date().toISOString()} ${text}\n`);
  note('a round begins');
  return note;
}
