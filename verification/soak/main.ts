import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';

import { build } from '../../dev/build.js';
import { Random } from '../simulation/schedule/random.js';
import type { Deed } from './act.js';
import { round } from './round.js';
import { World } from './world.js';

/** How many rounds go over the same data before a new world starts without data. */
const roundsOfAWorld = 5;
/** Records that the writer writes in a second. */
const rate = 100;

interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly cycles: number;
}

/** What was done and written so far, in all rounds. */
interface Tally {
  readonly deeds: Deed[];
  rounds: number;
  records: number;
  events: number;
  slowestRecoveryMs: number;
}

const command = new Command('soak')
  .description('Kills, freezes and cuts off real processes while they replicate, and audits what they leave.')
  .option('--minutes <n>', 'how long acts disturb the processes; the last audit comes after that', positive)
  .option('--cycles <n>', 'end earlier, after this many kills and cuts', positive, Infinity)
  .option('--seed <n>', 'the seed from which the acts are drawn', positive, Math.floor(Math.random() * 1_000_000) + 1)
  .parse();
const given = command.opts<Partial<Options> & Omit<Options, 'minutes'>>();
const minutes = given.minutes ?? (given.cycles === Infinity ? 2 : Infinity);

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
// Ends the process even if an act still waits for something.
process.exit(await soak({ ...given, minutes }, stop.signal));

/** @returns the exit code */
async function soak({ minutes, seed, cycles }: Options, signal: AbortSignal): Promise<number> {
  await build();
  const dir = mkdtempSync(join(tmpdir(), 'eventferry-soak-'));
  const startedAt = Date.now();
  const minutesUsed = (): number => (Date.now() - startedAt) / 60_000;
  const leftMs = (): number => (cuts(tally) < cycles ? (minutes - minutesUsed()) * 60_000 : 0);
  const tally: Tally = { deeds: [], rounds: 0, records: 0, events: 0, slowestRecoveryMs: 0 };
  say(`Seed ${seed}. Data and logs: ${dir}`);
  try {
    for (let number = 1; leftMs() > 0; number++) {
      await soakWorld({ dir: join(dir, `world-${number}`), seed, number }, tally, leftMs, signal);
    }
    if (tally.events === 0) throw new Error('nothing was replicated');
    report(tally, `0 anomalies in ${minutesUsed().toFixed(1)} minutes, seed ${seed}.`);
    rmSync(dir, { recursive: true });
    return 0;
  } catch (error) {
    if (signal.aborted) {
      report(tally, `Stopped after ${minutesUsed().toFixed(1)} minutes, seed ${seed}; 0 anomalies until then.`);
      rmSync(dir, { recursive: true, force: true });
      return 130;
    }
    say(`\nRound ${tally.rounds + 1} FAILED: ${error instanceof Error ? error.message : String(error)}`);
    report(tally, `It failed after ${minutesUsed().toFixed(1)} minutes.`);
    say(`Data, logs and acts are kept in ${dir}. To draw the same acts again:`);
    say(`  npm run soak -- --seed ${seed} --minutes ${Math.ceil(minutesUsed())}`);
    return 1;
  }
}

/** Does some rounds in a new world with its own data. */
async function soakWorld(
  { dir, seed, number }: { readonly dir: string; readonly seed: number; readonly number: number },
  tally: Tally,
  leftMs: () => number,
  signal: AbortSignal,
): Promise<void> {
  mkdirSync(dir);
  const world = await World.start(dir, { seed: seed + number, rate });
  const end = (): void => world.end();
  process.once('exit', end);
  const before = { records: 0, events: 0 };
  try {
    for (let index = 1; index <= roundsOfAWorld && leftMs() > 0; index++) {
      const random = new Random(`${seed}/${number}/${index}`);
      const { deeds, audit, recoveryMs } = await round(world, random, leftMs(), signal);
      tally.deeds.push(...deeds);
      tally.rounds += 1;
      tally.records += audit.records - before.records;
      tally.events += audit.events - before.events;
      tally.slowestRecoveryMs = Math.max(tally.slowestRecoveryMs, recoveryMs);
      Object.assign(before, audit);
      say(
        `round ${tally.rounds}: ${deeds.length} acts, ${audit.events} events in the stream, ` +
          `caught up after ${(recoveryMs / 1000).toFixed(1)} s, exact (${cuts(tally)} kills and cuts so far)`,
      );
    }
  } finally {
    process.off('exit', end);
    await world.close();
  }
  rmSync(dir, { recursive: true });
}

function cuts({ deeds }: Tally): number {
  return deeds.filter(({ isCut }) => isCut).length;
}

function report(tally: Tally, verdict: string): void {
  const counts = new Map<string, number>();
  for (const { name } of tally.deeds) counts.set(name, (counts.get(name) ?? 0) + 1);
  const rows = [...counts].sort(([one], [other]) => one.localeCompare(other));
  say(`\n${rows.map(([name, count]) => `  ${String(count).padStart(6)}  ${name}`).join('\n')}\n`);
  say(
    `${cuts(tally)} kills and cuts, ${tally.deeds.length - cuts(tally)} other acts, in ${tally.rounds} rounds; ` +
      `${tally.records} records written, ${tally.events} events; ` +
      `caught up after ${(tally.slowestRecoveryMs / 1000).toFixed(1)} s at most.`,
  );
  say(verdict);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('A number above 0 is expected.');
  return value;
}
