import type { LagSample } from '../checkpoint/checkpoint.js';
import type { Clock } from '../core/clock.js';
import { iso, withLinkedAbort } from '../core/time.js';
import type { Status } from '../engine/report/status.js';
import type { Replicator } from '../replicator.js';

/** The status where no replicator could be made. */
export type NoStatus = Pick<Status, 'healthy' | 'problems'>;

/** All that the status page shows; plain JSON, without secrets. */
export interface DashboardData {
  /** The time that ages are measured by; ISO 8601, UTC. */
  readonly now: string;
  readonly status: Status | NoStatus;
  /** Oldest first. */
  readonly history: readonly LagSample[];
}

/** After this many ms, a service without an answer is shown as unreachable. */
const answerMs = 8_000;

/** The status as far as it is known within 8 s. Never throws, as `Replicator.status` never does. */
export async function statusWithin(replicator: Replicator, clock: Clock): Promise<Status> {
  return withLinkedAbort([], { clock, ms: answerMs }, (signal) => replicator.status(signal));
}

/** The same, with the samples of the last hours. */
export async function dashboardData(replicator: Replicator, clock: Clock): Promise<DashboardData> {
  return withLinkedAbort([], { clock, ms: answerMs }, async (signal) => {
    const [status, history] = await Promise.all([replicator.status(signal), replicator.history(signal)]);
    return { now: iso(clock.now()), status, history };
  });
}
