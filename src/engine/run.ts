import { asFailure, Failure, type StopKind } from '../core/failure.js';
import { linkedAbort } from '../core/time.js';
import { IncidentNotices } from './report/notices.js';
import type { Parts, Progress } from './parts.js';
import { pass } from './pass.js';
import { Backoff } from './backoff.js';
import { resume } from './resume/resume.js';
import { RunLog } from './report/runLog.js';
import { Standoff } from './standoff.js';
import type { RunEnd, RunReport, RunTerms } from './terms.js';

/** A run that is caught up resumes this often: it notices a target that is gone, and refreshes the row. */
const refreshMs = 60_000;
const yieldWaitMs = 5_000;
/** When the lag has not fallen for this long, the other runner does not work either. */
const yieldPatienceMs = 5 * 60_000;
/** At most this many failures are handled in a row; the next one only waits. */
const maxAnswers = 2;
/** How long the end of a run, or a wait, gives notifications that are on their way. */
const lastWordMs = 2_000;
/** What a run may take beyond its budget and one append. */
const overdueMs = 15_000;

/**
 * Resume, then passes and idle polls until the budget ends, a stop is asked for, or (when told so) the head is
 * reached. Any failure leads back to resume, as the table in `failure.ts` says.
 *
 * @throws Failure: a stop for a person, or an outage that this run does not wait for. People have been told by then.
 */
export async function run(parts: Parts, terms: RunTerms): Promise<RunReport> {
  const { stop, budgetMs } = terms;
  const ending = linkedAbort([stop], budgetMs === undefined ? undefined : { clock: parts.clock, ms: budgetMs });
  let cancel = (): void => undefined;
  const overdue = new Promise<never>((_, reject) => {
    if (budgetMs === undefined) return;
    const { stream } = parts;
    const afterMs = budgetMs + terms.appendDeadlineMs + overdueMs;
    const message = `The run for stream ${stream} did not end within ${afterMs} ms.`;
    // guard: run-that-does-not-end
    cancel = parts.clock.after(afterMs, () => reject(new Failure('RunOverdue', message, { stream, afterMs })));
  });
  const one = new Run(parts, terms, ending.signal);
  try {
    return await Promise.race([one.go(), overdue.catch((failure: Failure) => one.hangs(failure))]);
  } finally {
    cancel();
    ending.release();
  }
}

class Run {
  private readonly notices: IncidentNotices;
  private readonly standoff = new Standoff();
  private readonly log: RunLog;
  private place: Progress | undefined;
  private anotherRunner = false;
  /** The failure that this run ends with. */
  private endedWith: Failure | undefined;
  private readonly patience: Backoff;

  constructor(
    private readonly parts: Parts,
    private readonly terms: RunTerms,
    private readonly ending: AbortSignal,
  ) {
    this.notices = parts.notices ?? new IncidentNotices(parts);
    this.patience = new Backoff(terms);
    this.log = new RunLog(parts, terms);
  }

  async go(): Promise<RunReport> {
    this.log.started();
    let failure: Failure | undefined;
    let answers = 0;
    while (!this.ending.aborted) {
      try {
        const end = failure ? await this.answer(failure, (answers += 1)) : await this.round();
        failure = undefined;
        answers = 0;
        if (end) return await this.ended(end);
      } catch (thrown) {
        if (thrown === this.endedWith) throw thrown;
        if (this.ending.aborted) break; // the next run looks at what this one had in flight
        failure = asFailure(thrown); // also a failure of `answer` itself
      }
    }
    return this.ended(this.terms.stop.aborted ? 'stop-requested' : 'budget-used');
  }

  /** Tells people about a run that hangs. @throws the failure */
  async hangs(failure: Failure): Promise<never> {
    await this.notices.hangs(failure, lastWordMs);
    throw failure;
  }

  /** Resume, then passes and polls until there is a reason to end or to ask the target again. */
  private async round(): Promise<RunEnd | undefined> {
    // guard: state-dropped-on-error
    this.place = await this.resumed();
    let { place } = this;
    this.log.resumed(place);
    // The row must exist before our first event: a later start reads from it what changed since.
    // guard: row-before-the-first-event
    await this.parts.checkpoint.ensureRow(place);
    await this.wait(this.standoff.waitMs(this.parts.stream, place.revision));
    const resumedAt = this.parts.clock.elapsed();
    while (!this.ending.aborted) {
      this.standoff.begin(place);
      place = await this.passed(place);
      this.standoff.good();
      this.patience.good();
      await this.notices.good();
      if (this.ending.aborted) return undefined;
      const empty = place.cursor.position === 1 && (await this.parts.source.isEmpty(this.ending));
      await this.log.caughtUp(place, this.ending);
      if (this.terms.whenCaughtUp === 'exit') return empty ? 'nothing-to-replicate' : 'caught-up';
      // guard: target-asked-while-caught-up
      if (!(await this.somethingNew(place, empty, resumedAt + refreshMs))) return undefined;
    }
    return undefined;
  }

  private resumed(): Promise<Progress> {
    const { telemetry } = this.parts;
    const startedAt = Date.now();
    return tellingEnd(resume(this.parts, this.ending), (failed) => telemetry.ended('resume', startedAt, failed));
  }

  private passed(place: Progress): Promise<Progress> {
    const { clock, telemetry } = this.parts;
    const startedAt = clock.elapsed();
    const passing = pass(place, this.parts, this.ending, {
      advanced: async (confirmed) => {
        this.patience.moved();
        this.notices.alive();
        await this.log.advanced(confirmed, this.ending);
      },
      ended: (confirmed, sentTo) => {
        this.place = confirmed;
        this.standoff.sent(sentTo);
      },
    });
    return tellingEnd(passing, (outcome = 'good') =>
      telemetry.record('eventferry.pass.duration', (clock.elapsed() - startedAt) / 1000, { outcome }),
    );
  }

  /** Polls until there is something to read (true), or the target is due to be asked again or the run ends (false). */
  private async somethingNew(place: Progress, empty: boolean, until: number): Promise<boolean> {
    const { clock, source } = this.parts;
    const waitMs = empty ? this.terms.emptySourceWaitMs : this.terms.idlePollMs;
    while (!this.ending.aborted && clock.elapsed() < until) {
      await clock.sleep(waitMs, this.ending);
      if (this.ending.aborted) return false;
      if (await source.poll(place.cursor, this.ending)) return true;
      this.log.atHead();
    }
    return false;
  }

  /**
   * Does what the failure's policy says.
   *
   * @param answers how many failures in a row have been handled, this one included
   * @throws the failure when this run does not wait for its end
   */
  private async answer(failure: Failure, answers: number): Promise<RunEnd | undefined> {
    if (answers > maxAnswers) return this.waitUntold(failure);
    if (failure.policy !== 'stop') this.parts.telemetry.add('eventferry.retries', 1, { kind: failure.kind });
    switch (failure.policy) {
      case 'resume':
        this.parts.logger.info('resume', { kind: failure.kind, message: failure.message });
        this.standoff.uncertain(failure);
        return this.wait(this.patience.resumeWaitMs());
      case 'yield':
        return this.yieldTo(failure);
      case 'wait':
        return this.waitOut(failure);
      case 'stop':
        await this.log.failed(this.place);
        await this.notices.stopped(failure as Failure & { kind: StopKind });
        return this.giveUp(failure);
      case 'usage':
        return this.giveUp(failure);
    }
  }

  private async giveUp(failure: Failure): Promise<never> {
    await this.notices.settled(lastWordMs);
    if (failure.kind !== 'CheckpointUnreachable') await this.log.closed(failure.kind, this.place);
    this.endedWith = failure;
    throw failure;
  }

  private async yieldTo(failure: Failure): Promise<RunEnd | undefined> {
    if (!this.anotherRunner) this.parts.logger.warn('another-runner', { message: failure.message, ...failure.facts });
    this.anotherRunner = true;
    this.standoff.good();
    // guard: patience-with-another-runner
    if ((await this.log.yielding(this.place, this.ending)) >= yieldPatienceMs) {
      return this.waitOut(new Failure('TargetRefused', `${failure.message} The lag does not fall.`, failure.facts));
    }
    if (this.terms.outageWaitMs === undefined) return 'left-to-another-runner';
    return this.wait(yieldWaitMs);
  }

  private async waitOut(failure: Failure): Promise<undefined> {
    this.patience.failed();
    await this.log.failed(this.place);
    await this.notices.failed(failure);
    const waitMs = this.patience.outageWaitMs();
    if (waitMs === undefined) return this.giveUp(failure);
    const until = this.parts.clock.elapsed() + waitMs;
    await this.notices.settled(Math.min(lastWordMs, waitMs));
    return this.wait(until - this.parts.clock.elapsed());
  }

  /** Handling the failure failed too: only waits before the next try. */
  private async waitUntold(failure: Failure): Promise<undefined> {
    const waitMs = this.patience.outageWaitMs();
    if (waitMs === undefined) throw (this.endedWith = failure);
    return this.wait(waitMs);
  }

  private async wait(ms: number): Promise<undefined> {
    if (ms > 0) await this.parts.clock.sleep(ms, this.ending);
    return undefined;
  }

  private async ended(end: RunEnd): Promise<RunReport> {
    if (this.patience.isWell && end !== 'left-to-another-runner') this.notices.goodRun();
    await this.notices.settled(lastWordMs);
    await this.log.ended(end, this.place);
    const events = this.log.events(this.place);
    return { end, events, anotherRunner: this.anotherRunner, ...(this.place && { place: this.place }) };
  }
}

/** Settles as the work does. Before that, tells the kind of failure that it ended with, if any. */
async function tellingEnd<T>(work: Promise<T>, tell: (failed?: string) => void): Promise<T> {
  let failed: string | undefined;
  try {
    return await work;
  } catch (thrown) {
    failed = asFailure(thrown).kind;
    throw thrown;
  } finally {
    tell(failed);
  }
}
