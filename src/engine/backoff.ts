import type { RunTerms } from './terms.js';

/** After this many resumes in a row that confirmed nothing, each further one waits first. */
const resumesAtOnce = 5;
const resumeWaitMs = 1_000;

/** Keeps count of what fails in a row, and says how long to wait before the next try. */
export class Backoff {
  private failedTries = 0;
  private resumes = 0;
  private everWorked = false;

  constructor(private readonly terms: Pick<RunTerms, 'outageWaitMs' | 'outageTries' | 'outageTriesAtStart'>) {}

  /** Something was confirmed. */
  moved(): void {
    this.everWorked = true;
    this.resumes = 0;
  }

  /** A pass was good. */
  good(): void {
    this.moved();
    this.failedTries = 0;
  }

  /** A pass failed in a way that may last. */
  failed(): void {
    this.failedTries += 1;
  }

  /** True when something went well and nothing has failed since. */
  get isWell(): boolean {
    return this.everWorked && this.failedTries === 0;
  }

  /** How long to wait before the next try in an outage; undefined when the run gives up. */
  outageWaitMs(): number | undefined {
    const { outageWaitMs, outageTries = Infinity, outageTriesAtStart = outageTries } = this.terms;
    return this.failedTries < (this.everWorked ? outageTries : outageTriesAtStart) ? outageWaitMs : undefined;
  }

  resumeWaitMs(): number {
    this.resumes += 1;
    return this.resumes > resumesAtOnce ? resumeWaitMs : 0;
  }
}
