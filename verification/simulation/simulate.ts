import type { Counts } from './counts.js';
import { differences, verdict } from './judge/oracle.js';
import { acceptAll } from './judge/acceptance.js';
import { Runner, RunningProcess, type RunOutcome } from './runner.js';
import type { Schedule } from './schedule/schedule.js';
import { stream, World } from './world/world.js';

/** How a schedule ended. */
export interface Result {
  readonly seed: number;
  /** `exact`, or the kind of stop. */
  readonly end: string;
  /** Everything that must not happen and did; empty when all is well. */
  readonly violations: readonly string[];
  readonly events: number;
  readonly happened: number;
  readonly faults: Counts;
  readonly deeds: Counts;
  /** How often each kind of call to the services was made. */
  readonly calls: Counts;
}

/** How many runs it may take after the end of all faults until the target is exact; each waits out a few outages. */
const maxRuns = 12;

/** How long runners that are not restarted may take after the end of all faults; a clock may be ten minutes slow. */
const maxAloneMs = 30 * 60_000;

/** Carries out one schedule from beginning to end. Never throws: errors are violations in the result. */
export async function simulate(schedule: Schedule, trace?: (line: string) => void): Promise<Result> {
  const steps = new DrawnCrashes();
  const world = new World(schedule, steps, trace);
  steps.world = world;
  const runners = schedule.runners.map((plan) => new Runner(world, plan));
  const { violations } = world.ledger;
  let end = 'unfinished';
  try {
    await prepare(world);
    const going = runners.map((runner) => runner.go());
    const quiet = act(world, runners);
    await pass(world, quiet, 2 * schedule.activeMs + 600_000);
    end = await pass(world, finish(world, runners, going), 3_600_000);
  } catch (error) {
    violations.push(String(violations.length > 0 ? (error as Error).message : (error as Error).stack));
  }
  for (const runner of runners) runner.kill();
  const events = world.ledger.all(world.services.node).length;
  return {
    seed: schedule.seed,
    end,
    violations,
    events,
    happened: world.time.happened,
    faults: world.faults.drawn.counts,
    deeds: world.deeds.counts,
    calls: world.network.calls.counts,
  };
}

async function prepare(world: World): Promise<void> {
  await pass(world, world.backlog(world.schedule.backlog), 600_000);
  if (world.schedule.copied) world.copyBacklog();
}

/** Does all the actions of the schedule, then ends all faults and waits until late messages have arrived. */
async function act(world: World, runners: readonly Runner[]): Promise<void> {
  const { schedule, time, faults } = world;
  const start = time.now;
  const stay = world.random.fork('finish').chance(0.15);
  for (const action of schedule.actions) {
    await time.sleep(start + action.at - time.now);
    world.trace(`do ${JSON.stringify(action)}`);
    world.deeds.count(action.kind);
    const runner = 'runner' in action ? runners.find(({ number }) => number === action.runner) : undefined;
    const process = runner?.current?.process;
    if (action.kind === 'kill') process?.kill();
    else if (action.kind === 'clockJump' && process) process.aheadMs += action.ms;
    else if (action.kind === 'freeze') {
      process?.freeze();
      time.after(action.ms, () => process?.thaw());
    } else if (action.kind === 'acceptSettings') void acceptSettings(world);
    else world.do(action);
  }
  await time.sleep(start + schedule.activeMs - time.now);
  world.isWaiting = true;
  faults.quiet = true;
  world.trace('nothing fails any more');
  await world.settled();
  faults.down.clear();
  for (const runner of runners) runner.current?.process.thaw();
  if (!stay) for (const runner of runners) runner.end();
  await time.sleep(30_000); // messages that seemed lost have arrived by then
}

/** A person accepts changed settings while runners go on, or finds that there is nothing to accept. */
async function acceptSettings(world: World): Promise<void> {
  const person = new RunningProcess(world, 'person', 0);
  try {
    const refused = await person.decide({ kind: 'settings' });
    world.trace(`a person accepts the settings: ${refused?.message ?? 'done'}`);
    world.deeds.count(refused ? 'refused' : 'accepted');
  } catch (thrown) {
    if (person.process.alive) world.ledger.violated(`a decision threw ${String((thrown as Error).stack)}`);
  } finally {
    person.process.kill();
  }
}

/** Lets the product finish without faults, and judges how it ends. @returns the end */
async function finish(world: World, runners: readonly Runner[], going: readonly Promise<void>[]): Promise<string> {
  if (runners.every((runner) => runner.isOver)) await Promise.all(going);
  else await alone(world, runners);
  const last = new RunningProcess(world, 'last', 0);
  const outcome = await ended(world, last);
  const stop = outcome.kind === 'failed' && outcome.failure.policy === 'stop' ? outcome.failure : undefined;
  const end = stop?.kind ?? (outcome.kind === 'ended' ? 'exact' : 'unfinished');
  for (const runner of runners) runner.end();
  const isSure = await judge(world, end);
  if (end === 'exact') await judgeByVerify(world, isSure);
  if (stop && world.random.fork('person').chance(0.5)) {
    const accepted = await acceptAll(world, last, stop, (runner) => ended(world, runner));
    if (accepted === 'exact') await judgeByVerify(world, false);
  }
  last.process.kill();
  return end;
}

/** Does one run after the other until one ends by itself or a person must decide. */
async function ended(world: World, process: RunningProcess): Promise<RunOutcome> {
  for (let runs = 0; runs < maxRuns; runs++) {
    const outcome = await process.run({ whenCaughtUp: 'exit', idlePollMs: 500, outageWaitMs: 5_000, outageTries: 3 });
    if (outcome.kind === 'failed') world.trace(`failed: ${outcome.failure.kind} ${outcome.failure.message}`);
    if (outcome.kind === 'failed' && outcome.failure.policy === 'stop') return outcome;
    if (outcome.kind === 'ended' && outcome.report.end !== 'left-to-another-runner') return outcome;
  }
  return { kind: 'killed' };
}

/** A process that is not restarted must make the target exact too, or report the right stop. It must not do nothing. */
async function alone(world: World, runners: readonly Runner[]): Promise<void> {
  const until = world.time.now + maxAloneMs;
  for (let waitMs = 2_000; !(await isToldOrExact(world, runners)); waitMs *= 2) {
    if (world.time.now > until)
      return world.ledger.violated(`stands still: ${verdict(world).allowed.join(' or ')} is due, not ${told(runners)}`);
    await world.time.sleep(waitMs);
  }
}

function told(runners: readonly Runner[]): string {
  return runners.map(({ stop }) => stop?.kind ?? 'silence').join(' and ');
}

async function isToldOrExact(world: World, runners: readonly Runner[]): Promise<boolean> {
  if (world.settingsChanged) return true; // a process sees changed settings only when it is restarted
  const { allowed, events } = verdict(world);
  const stops = runners.flatMap(({ stop }) => stop?.kind ?? []);
  if (stops.length > 0) return stops.every((kind) => allowed.includes(kind));
  if (!allowed.includes('exact')) return false;
  return !events || (await differences(world, events)).length === 0;
}

/** @returns whether the source says for sure which events the stream must hold */
async function judge(world: World, end: string): Promise<boolean> {
  const { allowed, events, because = [] } = verdict(world);
  if (!(allowed as readonly string[]).includes(end)) {
    world.ledger.violated(`it ended ${end}, and should have ended ${allowed.join(' or ')}: ${because.join('; ')}`);
  }
  if (!events || end !== allowed[0]) return false;
  const found = await differences(world, events);
  for (const { kind, position, index, revision, detail } of found.slice(0, 5)) {
    world.ledger.violated(`${kind}: position ${position}, index ${index}, revision ${revision}: ${detail}`);
  }
  return true;
}

/**
 * Both kinds of `verify` must say that all is well; the one that reads the source only where that says for sure what the
 * stream must hold, since late frames and repaired ones may give another order than the one that was read. Not asked are
 * streams in which they report what runs that never read them again may not notice: foreign events between ours, and
 * events that a soft deletion hides behind a later append.
 */
async function judgeByVerify(world: World, isSure: boolean): Promise<void> {
  const { node } = world.services;
  if (world.ledger.all(node).some(({ mark }) => !mark)) return;
  const state = node.store.streams.find(stream);
  if (state && node.store.streams.firstVisible(state) > 0) return;
  const verifier = new RunningProcess(world, 'verifier', 0);
  const both = isSure ? (await verifier.verify()).differences.first : [];
  const alone = (await verifier.verifyTarget()).differences.first;
  verifier.process.kill();
  const found = [...both, ...alone];
  for (const { kind, position, revision, detail } of found.slice(0, 5)) {
    world.ledger.violated(`verify finds ${kind}: position ${position}, revision ${revision}: ${detail}`);
  }
}

/** Lets simulated time pass until the work is done or there is a violation. */
async function pass<T>(world: World, work: Promise<T>, limitMs: number): Promise<T> {
  let done = false;
  const settled = work.finally(() => (done = true));
  settled.catch(() => undefined);
  const { violations } = world.ledger;
  await world.time.until(() => done || violations.length > 0, limitMs);
  if (!done) throw new Error('given up');
  return settled;
}

/** Crashes drawn from the seed. */
class DrawnCrashes {
  world: World | undefined;

  dies(_process: unknown, _what: string, moment: 'before' | 'after'): boolean {
    return this.world?.faults.hits(moment === 'before' ? 'crashBefore' : 'crashAfter') ?? false;
  }
}
