import type { LagSample } from '../checkpoint/checkpoint.js';
import type { Clock } from '../core/clock.js';
import { withLinkedAbort } from '../core/time.js';
import type { Status } from '../engine/report/status.js';
import type { Replicator } from '../replicator.js';

/** What can be said without a replicator. */
export type NoStatus = Pick<Status, 'healthy' | 'problems'>;

/** All that the status page shows; plain JSON, without secrets. */
export interface DashboardData {
  /** The time by which ages are told; ISO 8601, UTC. */
  readonly now: string;
  readonly status: Status | NoStatus;
  /** Oldest first. */
  readonly history: readonly LagSample[];
}

/** What has not answered by then, in ms, is shown as unreachable. */
const answerMs = 8_000;

/** The state as it can be seen within 8 s. @throws whatever `Replicator.status` throws: nothing */
export async function statusWithin(replicator: Replicator, clock: Clock): Promise<Status> {
  return withLinkedAbort([], { clock, ms: answerMs }, (signal) => replicator.status(signal));
}

/** The same with the course of the last hours. */
export async function dashboardData(replicator: Replicator, clock: Clock): Promise<DashboardData> {
  return withLinkedAbort([], { clock, ms: answerMs }, async (signal) => {
    const [status, history] = await Promise.all([replicator.status(signal), replicator.history(signal)]);
    return { now: new Date(clock.now()).toISOString(), status, history };
  });
}
