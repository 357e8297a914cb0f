import type { SourceLag } from '../source/source.js';
import type { Progress } from './parts.js';

/** How long a run goes on, and what it waits for. */
export interface RunTerms {
  /** Ends the run cleanly: what is under way is confirmed or left to the next run. */
  readonly stop: AbortSignal;
  /** Time budget in ms; absent: as long as it takes. */
  readonly budgetMs?: number;
  readonly whenCaughtUp: 'wait' | 'exit';
  readonly idlePollMs: number;
  readonly emptySourceWaitMs: number;
  /** Wait between tries during an outage; absent: the run fails and its caller's next tick is the wait. */
  readonly outageWaitMs?: number;
  /** Most failed tries in a row before the run gives up although it could wait; absent: never. */
  readonly outageTries?: number;
  /** The same as long as this run has confirmed nothing and seen no head yet; absent: `outageTries`. */
  readonly outageTriesAtStart?: number;
  /** What an append may take at most before it is given up, in ms. */
  readonly appendDeadlineMs: number;
  readonly onProgress?: (progress: RunProgress) => void;
}

export type RunEnd = 'caught-up' | 'nothing-to-replicate' | 'stop-requested' | 'budget-used' | 'left-to-another-runner';

export interface RunReport {
  readonly end: RunEnd;
  /** How many events the stream gained since the run began. */
  readonly events: number;
  /** Where it ended; absent when the run never learned where replication stands. */
  readonly place?: Progress;
  readonly anotherRunner: boolean;
}

export interface RunProgress {
  /** Events appended by this run so far. */
  readonly events: number;
  /** Position of the last confirmed record; 0 before the first. */
  readonly position: number;
  /** The target stream's last revision; -1 when there is none. */
  readonly revision: number;
  readonly lag?: SourceLag;
}
