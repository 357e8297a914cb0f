import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { build } from 'esbuild';
import { countOption } from '../../dev/countOption.js';
import { listed } from './counts.js';
import { faultNames, type FaultName } from './schedule/faults.js';
import { reduced, replayCommand, shrink, whole, type Reduction } from './schedule/reduction.js';
import { drawSchedule } from './schedule/schedule.js';
import { nothing, sum, type SeedRange, type Tally } from './schedule/seedRange.js';
import { simulate, type Result } from './simulate.js';

/** How many seeds a process takes at a time. */
const seedsAtOnce = 50;
/** How many failing schedules are reduced to a small one; each takes some seconds. */
const maxShrunk = 3;
const maxFailures = 20;
/** There are as many processes as cores, so a second thread for garbage collection would find no free core. */
const execArgv = ['--enable-source-maps', '--max-semi-space-size=32', '--single-threaded-gc'];

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly processes: number;
  readonly trace?: true;
  readonly actions?: readonly number[];
  readonly runners?: readonly number[];
  readonly without: readonly FaultName[];
}

await main();

async function main(): Promise<void> {
  const command = new Command('simulate')
    .description('Simulates the engine over models of its services, with faults drawn from a seed.')
    .option('--seeds <n>', 'how many schedules', countOption, 2_000)
    .option('--from <seed>', 'the first seed', countOption, 1)
    .option('--processes <n>', 'how many processes simulate at once', countOption, availableParallelism())
    .option('--trace', 'show what happens in each schedule')
    .option('--actions <indices>', 'only these actions of the schedule', indices)
    .option('--runners <numbers>', 'only these runners', indices)
    .option('--without <faults>', 'without these kinds of faults', faults, [])
    .parse();
  const options = command.opts<Options>();
  const isWhole = !options.trace && !options.actions && !options.runners && options.without.length === 0;
  const failed = isWhole ? await simulateAll(options) : await replay(options);
  process.exitCode = failed ? 1 : 0;
}

/** Simulates all seeds, in several processes. @returns whether one failed */
async function simulateAll({ seeds, from, processes }: Options): Promise<boolean> {
  const program = await builtWorker();
  const startedAt = performance.now();
  let next = from;
  let tally = nothing;
  const take = (): SeedRange | undefined => {
    if (next >= from + seeds || tally.failures.length >= maxFailures) return undefined;
    const count = Math.min(seedsAtOnce, from + seeds - next);
    next += count;
    return { from: next - count, count };
  };
  await Promise.all(
    Array.from({ length: Math.min(processes, Math.ceil(seeds / seedsAtOnce)) }, () =>
      work(program, take, (part) => {
        tally = sum(tally, part);
        tell(tally, seeds);
      }),
    ),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  process.stderr.write('\n');
  for (const [index, failure] of tally.failures.entries()) await explain(failure, index < maxShrunk);
  process.stdout.write(
    `${tally.schedules} schedules from seed ${from}, ${tally.events} events, ${tally.happened} happenings, ` +
      `${seconds.toFixed(0)} s, ${(tally.schedules / seconds).toFixed(0)} a second: ` +
      `${tally.failures.length} with an anomaly.\n` +
      `Ends: ${listed(tally.ends)}\nFaults drawn: ${listed(tally.faults)}\nDeeds: ${listed(tally.deeds)}\n` +
      `Calls to services: ${listed(tally.calls)}\n`,
  );
  return tally.failures.length > 0;
}

function tell({ schedules, failures }: Tally, seeds: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${schedules} of ${seeds} schedules, ${failures.length} failed`);
}

async function explain(failure: Result, small: boolean): Promise<void> {
  const { seed, violations } = failure;
  process.stdout.write(`\nSeed ${seed} failed:\n${violations.map((line) => `  ${line}\n`).join('')}`);
  process.stdout.write(`  ${replayCommand(seed, whole)}\n`);
  if (small) process.stdout.write(`  ${replayCommand(seed, await shrink(drawSchedule(seed), failure))}\n`);
}

async function replay({ seeds, from, trace, without, actions, runners }: Options): Promise<boolean> {
  const reduction: Reduction = { without, ...(actions && { actions }), ...(runners && { runners }) };
  let failed = false;
  for (let seed = from; seed < from + seeds; seed++) {
    const schedule = reduced(drawSchedule(seed), reduction);
    if (trace) process.stdout.write(`${JSON.stringify(schedule, undefined, 2)}\n`);
    const result = await simulate(schedule, trace && ((line) => void process.stdout.write(`${line}\n`)));
    process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
    failed ||= result.violations.length > 0;
  }
  return failed;
}

/**
 * Builds what each process runs as one file of plain JavaScript. Under tsx it would take three times as long, because
 * tsx gives a name to every function that is created.
 */
async function builtWorker(): Promise<string> {
  const outfile = fileURLToPath(new URL('../../artifacts/simulation/seedWorker.mjs', import.meta.url));
  await build({
    entryPoints: [fileURLToPath(new URL('seedWorker.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    sourcemap: true,
  });
  return outfile;
}

/** Runs one process until no seeds are left to take. */
function work(program: string, take: () => SeedRange | undefined, done: (part: Tally) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = fork(program, { execArgv });
    const give = (): void => {
      const task = take();
      if (task) child.send(task);
      else child.disconnect();
    };
    child.on('message', (part: Tally) => {
      done(part);
      give();
    });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a simulating process ended with ${code}`))));
    give();
  });
}

function indices(text: string): number[] {
  return text === 'none' ? [] : text.split(',').map(Number);
}

function faults(text: string): FaultName[] {
  return text.split(',').map((name) => {
    const known = faultNames.find((fault) => fault === name);
    if (!known) throw new InvalidArgumentError(`expected some of ${faultNames.join(', ')}`);
    return known;
  });
}
