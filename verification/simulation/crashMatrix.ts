import type { Ledger } from './judge/ledger.js';
import { differences, verdict } from './judge/oracle.js';
import { RunningProcess } from './runner.js';
import type { Schedule } from './schedule/schedule.js';
import type { SimulatedProcess } from './world/simulatedProcess.js';
import { World } from './world/world.js';

/** A moment at which a process may be killed: before or after one of its calls to a service. */
export interface CrashPoint {
  /** The number of the call in its process, from 1. */
  readonly number: number;
  readonly moment: 'before' | 'after';
  /** The service and the operation, such as `table.replace`. */
  readonly what: string;
  /** Whether the call changes anything outside the process. */
  readonly writes: boolean;
}

/** Has several chunks, appends and rows, and a record larger than one append. Nothing in it fails by itself. */
const schedule: Schedule = {
  seed: 1,
  activeMs: 0,
  runners: [],
  rates: {},
  actions: [],
  chunkBytes: 2048,
  pageNames: 2,
  naming: 'first',
  basePrefix: 0,
  firstVariant: 'varint',
  backlog: 20,
  copied: false,
  onDamage: 'stop',
  settleSeconds: 0,
  listAllSeconds: 300,
  minRangeBytes: 512,
  readRecords: 4,
  saveEveryMs: 0,
  appendBytes: 700,
  serverAppendBytes: 700,
  largeBodyBytes: 400,
};

/** Kills one process after the other, each at its planned moment. */
class PlannedCrashes {
  /** Every moment at which the first process could have been killed. */
  readonly met: CrashPoint[] = [];
  private first: SimulatedProcess | undefined;
  private current: SimulatedProcess | undefined;
  private started = 0;
  private number = 0;
  private finished = 0;
  private readonly left: CrashPoint[];

  private readonly planned: number;

  constructor(crashes: readonly CrashPoint[]) {
    this.left = [...crashes];
    this.planned = crashes.length;
  }

  /** Whether the first process was to be killed at a moment that never came. */
  get isUnmet(): boolean {
    return this.planned > 0 && this.left.length === this.planned;
  }

  dies(process: SimulatedProcess, what: string, moment: 'before' | 'after', writes: boolean): boolean {
    if (process !== this.current) {
      this.first ??= process;
      this.current = process;
      this.started = this.finished = 0;
    }
    this.number = moment === 'before' ? ++this.started : ++this.finished;
    if (process === this.first) this.met.push({ number: this.number, moment, what, writes });
    const [next] = this.left;
    if (next?.number !== this.number || next.moment !== moment) return false;
    this.left.shift();
    return true;
  }
}

/** What was found in a replication from the first record to the last in which no process was killed. */
export interface Undisturbed {
  /** Every moment at which its process could have been killed. */
  readonly points: readonly CrashPoint[];
  /** How many appends began inside a record. */
  readonly appendsInsideRecords: number;
}

export async function undisturbed(): Promise<Undisturbed> {
  const crashes = new PlannedCrashes([]);
  const { violations, appendsInsideRecords } = await replicate(crashes);
  if (violations.length > 0) throw new Error(violations.join('\n'));
  return { points: crashes.met, appendsInsideRecords };
}

/** Kills one process at each of the moments, in turn, and lets one more run to its end. @returns anomalies */
export async function replicateWithCrashes(crashes: readonly CrashPoint[]): Promise<readonly string[]> {
  return (await replicate(new PlannedCrashes(crashes))).violations;
}

const maxProcesses = 6;

async function replicate(crashes: PlannedCrashes): Promise<Ledger> {
  const world = new World(schedule, crashes);
  await pass(world, world.backlog(schedule.backlog));
  let end = 'killed';
  for (let count = 1; count <= maxProcesses && end === 'killed'; count++) {
    const running = new RunningProcess(world, `process ${count}`, 0);
    const run = running.run({ whenCaughtUp: 'exit', idlePollMs: 500, outageWaitMs: 5_000, outageTries: 3 });
    const outcome = await pass(world, run);
    running.process.kill();
    end = outcome.kind === 'ended' ? outcome.report.end : outcome.kind === 'failed' ? outcome.failure.kind : 'killed';
  }
  if (crashes.isUnmet) world.ledger.violated('no process was killed');
  if (end !== 'caught-up') world.ledger.violated(`it ended ${end}`);
  const { events = [] } = verdict(world);
  for (const { kind, position, index, detail } of await differences(world, events)) {
    world.ledger.violated(`${kind} position ${position}, index ${index}: ${detail}`);
  }
  return world.ledger;
}

async function pass<T>(world: World, work: Promise<T>): Promise<T> {
  let done = false;
  const settled = work.finally(() => (done = true));
  await world.time.until(() => done, 600_000);
  return settled;
}
