import { setImmediate as nextTurn } from 'node:timers/promises';

import type { InvocationContext } from '@azure/functions';

import { systemClock, type Clock } from '../../core/clock.js';
import { environment, type Environment } from '../../config/config.js';
import { asFailure, type Failure } from '../../core/failure.js';
import { createReplicator, type Replicator } from '../../replicator.js';
import { Runtime } from '../../runtime.js';
import type { Sending } from '../../telemetry/openTelemetry.js';
import { redact } from '../../core/redact.js';
import { printable } from '../../core/text.js';
import { InvocationLogger, type InvocationLog } from './invocationLogger.js';
import { settledWithin } from '../../core/time.js';
import { WorkerReplicator } from './workerReplicator.js';

/** When the worker is told to go, a run gets this long to end by itself; then its connections are closed. */
const endMs = 2_500;
/** When a run has ended, the examination beside it gets this long to end too. */
const examinationMs = 5_000;
/** What a run gets to end without its connections. With {@link endMs} it stays well below the host's 5 s. */
const giveUpMs = 1_000;

/** The timer's runs in this worker: one at a time, and a clean end when the worker is told to go. */
export class TimerRuns {
  private readonly logger = new InvocationLogger();
  private readonly replicator: WorkerReplicator;
  private current: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
  private terminated = false;
  private examined = false;
  private sending: Sending | undefined;
  private runtime: Runtime | undefined;

  constructor(
    env: () => Environment = environment,
    private readonly clock: Clock = systemClock,
    create: typeof createReplicator = createReplicator,
    private readonly startTelemetry: () => Promise<Sending | undefined> = () => Promise.resolve(undefined),
  ) {
    this.replicator = new WorkerReplicator((config) => create(config, this.runtimeOfWorker()), env);
  }

  /**
   * One run, as long as `RUN_SECONDS` says. A run that a person starts while the timer's is under way has nothing to do.
   *
   * @throws Error with kind, message and remedy: an outage, a stop (people have been told by then) or wrong settings
   */
  async invoke(log: InvocationLog & Pick<InvocationContext, 'traceContext'>): Promise<void> {
    if (this.terminated) return;
    if (this.current) {
      log.info('run-under-way {}');
      return;
    }
    const stop = new AbortController();
    const done = this.logger.during(log, () => this.run(stop.signal, log.traceContext?.traceParent));
    this.current = { stop, done };
    try {
      await done;
    } finally {
      stop.abort(); // a run that is overdue may still be at work
      this.current = undefined;
    }
  }

  /**
   * Asks the run under way to stop and waits for its end, at most 3.5 s, for the host ends the worker after 5 s. The
   * worker answers an invocation one turn after the handler's end and would otherwise be gone by then. Never throws.
   */
  async terminate(): Promise<void> {
    this.terminated = true;
    this.current?.stop.abort();
    const done = this.current?.done ?? Promise.resolve();
    await settledWithin(done, endMs, this.clock);
    await settledWithin(Promise.allSettled([this.replicator.close(), done]), giveUpMs, this.clock);
    this.runtime?.close();
    await nextTurn();
  }

  /** Made at the first run: only then it is known where telemetry goes. */
  private runtimeOfWorker(): Runtime {
    return (this.runtime ??= new Runtime({ logger: this.logger, clock: this.clock, sending: this.sending }));
  }

  private async run(stop: AbortSignal, traceParent: string | undefined): Promise<void> {
    try {
      this.sending ??= await this.startTelemetry();
      const { config, replicator } = await this.replicator.take();
      const { seconds, whenCaughtUp } = config.run;
      const examination = this.examineOnce(replicator, stop);
      try {
        await replicator.run({ stop, budgetMs: seconds * 1000, whenCaughtUp, onOutage: 'fail', traceParent });
      } finally {
        if (!stop.aborted) await settledWithin(examination, examinationMs, this.clock);
      }
    } catch (thrown) {
      // guard: failed-invocation
      throw await this.failed(asFailure(thrown));
    }
  }

  /** Beside the first run of this worker: what `eventferry doctor` would say, in the log and in the checkpoint row. Never throws. */
  private async examineOnce(replicator: Replicator, stop: AbortSignal): Promise<void> {
    if (this.examined) return;
    this.examined = true;
    // A rejection that nobody awaits yet would end the worker, and the run with it.
    const { wrong, warnings } = await replicator.examineOnce(stop).catch((thrown: unknown) => {
      const { message, remedy } = asFailure(thrown);
      return { wrong: [`${message} ${remedy}`], warnings: [] };
    });
    if (wrong.length > 0) this.logger.warn('examined', { wrong, warnings });
    else this.logger.info('examined', { warnings });
  }

  /** The engine has told people about every failure but those it cannot have seen. */
  private async failed(failure: Failure): Promise<Error> {
    const { kind, message, remedy, facts } = failure;
    // guard: parts-of-a-run-that-hangs
    if (kind === 'RunOverdue') await this.replicator.close(); // what still hangs must not share its parts with the next
    if (kind === 'RunOverdue' || failure.policy === 'usage') {
      this.logger.error('run-failed', { kind, message, remedy, ...facts });
    }
    return invocationError(failure);
  }
}

/** What the host shows of a failed invocation. */
function invocationError({ kind, message, remedy, cause }: Failure): Error {
  const error = new Error(printable(redact(`${kind}: ${message} ${remedy}`)));
  if (kind === 'Unexpected' && cause instanceof Error) {
    error.stack = redact(`${error.message}\n${cause.stack}`).replaceAll(/[^\n]+/g, printable);
  }
  return error;
}
