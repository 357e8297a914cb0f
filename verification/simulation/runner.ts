import type { Parts } from '../../src/engine/parts.js';
import { run } from '../../src/engine/run.js';
import type { RunReport, RunTerms } from '../../src/engine/terms.js';
import { decide, type Decision } from '../../src/engine/decisions.js';
import { Failure } from '../../src/core/failure.js';
import { verifyStream, type VerifyReport } from '../../src/verify/stream.js';
import { verifyTarget, type TargetReport } from '../../src/verify/targetOnly.js';
import { deadlineMs } from '../../src/target/append/batchAppend.js';
import type { Facts, Logger } from '../../src/core/logger.js';
import { buildParts, verifyPartsOf } from './world/parts.js';
import type { RunnerPlan } from './schedule/schedule.js';
import type { Settings } from './schedule/settings.js';
import { SimulatedProcess } from './world/simulatedProcess.js';
import type { World } from './world/world.js';

/** How a run ended; `killed` means that its process died. */
export type RunOutcome =
  | { readonly kind: 'ended'; readonly report: RunReport }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'killed' };

/** One simulated process that runs the product. */
export class RunningProcess {
  readonly process: SimulatedProcess;
  private readonly stop = new AbortController();
  private readonly parts: Parts;
  private readonly settings: Settings;

  constructor(
    private readonly world: World,
    name: string,
    aheadMs: number,
  ) {
    this.process = new SimulatedProcess(name, world.time, aheadMs);
    this.process.whenDead(() => this.stop.abort());
    this.settings = world.settings;
    this.parts = buildParts(this.process, world.services, world.schedule, this.settings, this.logger());
  }

  /** Does one run. It is a violation if the run throws anything but a `Failure`. */
  run(terms: Omit<RunTerms, 'stop' | 'emptySourceWaitMs' | 'appendDeadlineMs'>): Promise<RunOutcome> {
    return new Promise((resolve) => {
      const forget = this.process.whenDead(() => resolve({ kind: 'killed' }));
      const ended = (outcome: RunOutcome): void => {
        forget();
        resolve(outcome);
      };
      run(this.parts, {
        ...terms,
        stop: this.stop.signal,
        emptySourceWaitMs: 5_000,
        appendDeadlineMs: deadlineMs(this.world.schedule.appendBytes),
      }).then(
        (report) => ended({ kind: 'ended', report }),
        (thrown: unknown) => {
          if (thrown instanceof Failure) return ended({ kind: 'failed', failure: thrown });
          if (this.process.alive) this.world.ledger.violated(`a run threw ${String((thrown as Error).stack)}`);
          ended({ kind: 'killed' });
        },
      );
    });
  }

  /** Carries out a person's decision as `eventferry accept` does. @returns why it was refused, if it was */
  async decide(decision: Decision): Promise<Failure | undefined> {
    try {
      await (await decide(decision, this.parts, this.stop.signal)).apply();
      return undefined;
    } catch (thrown) {
      if (thrown instanceof Failure) return thrown;
      throw thrown;
    }
  }

  /** How the stream compares with the source, as `eventferry verify` reports it. */
  verify(): Promise<VerifyReport> {
    const { services, schedule } = this.world;
    const { signal } = this.stop;
    const more = verifyPartsOf(this.process, services, schedule, this.settings, this.logger());
    const parts = { ...this.parts, ...more };
    return verifyStream(parts, { stop: signal }, signal);
  }

  /** What the stream says about itself, as `eventferry verify --target-only` reports it. */
  verifyTarget(): Promise<TargetReport> {
    const { signal } = this.stop;
    return verifyTarget(this.parts, { stop: signal }, signal);
  }

  /** Asks the run to end. */
  askToStop(): void {
    this.stop.abort();
  }

  private logger(): Logger {
    const { ledger } = this.world;
    const line = (level: string, event: string, facts: Facts = {}): void => {
      if (!this.process.alive) return;
      this.world.trace(`${this.process.name} ${level} ${event} ${JSON.stringify(facts)}`);
      if (facts['kind'] === 'Unexpected') ledger.violated(`${this.process.name}: ${event} ${JSON.stringify(facts)}`);
    };
    return {
      info: (event, facts) => line('info', event, facts),
      warn: (event, facts) => line('warn', event, facts),
      error: (event, facts) => line('error', event, facts),
    };
  }
}

/** Starts one run after the other until it is told to end; starts a new process when one has died. */
export class Runner {
  current: RunningProcess | undefined;
  /** The stop that ended its last run; cleared when the next run begins. */
  stop: Failure | undefined;
  private processes = 0;
  private over = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly world: World,
    private readonly plan: RunnerPlan,
  ) {}

  async go(): Promise<void> {
    const { world, plan } = this;
    const random = world.random.fork(`runner ${this.number}`);
    await this.sleep(plan.startsAtMs);
    while (!this.over) {
      if (!this.current?.process.alive || (plan.mode === 'timer' && random.chance(0.2))) {
        this.current?.process.kill();
        this.current = new RunningProcess(world, `runner ${this.number}.${++this.processes}`, plan.aheadMs);
      }
      this.stop = undefined;
      const outcome = await this.current.run(
        plan.mode === 'timer'
          ? { budgetMs: plan.periodMs, whenCaughtUp: random.pick(['wait', 'exit']), idlePollMs: plan.idlePollMs }
          : { outageWaitMs: plan.periodMs, whenCaughtUp: 'wait', idlePollMs: plan.idlePollMs },
      );
      this.judge(outcome);
      const longestMs = world.isWaiting ? Math.max(20_000, plan.periodMs) : plan.periodMs;
      await this.sleep(outcome.kind === 'killed' ? random.skewed(10, 20_000) : random.skewed(100, longestMs));
    }
  }

  get number(): number {
    return this.plan.number;
  }

  get isOver(): boolean {
    return this.over;
  }

  /** Asks the present run to end, and starts no other. */
  end(): void {
    this.over = true;
    this.current?.askToStop();
    this.wake();
  }

  kill(): void {
    this.current?.process.kill();
  }

  private judge(outcome: RunOutcome): void {
    this.stop = outcome.kind === 'failed' && outcome.failure.policy === 'stop' ? outcome.failure : undefined;
    if (outcome.kind !== 'failed') return;
    const { failure } = outcome;
    this.world.trace(`runner ${this.number} failed: ${failure.kind} ${failure.message}`);
    if (failure.policy === 'stop' && !(this.world.stops as ReadonlySet<string>).has(failure.kind)) {
      this.world.ledger.violated(`an unfounded stop: ${failure.kind}: ${failure.message}`);
    }
    if (failure.policy === 'usage') this.world.ledger.violated(`${failure.kind}: ${failure.message}`);
  }

  private sleep(ms: number): Promise<void> {
    if (this.over) return Promise.resolve();
    return new Promise((resolve) => {
      this.wake = resolve;
      this.world.time.after(ms, resolve);
    });
  }
}
