import type { HttpResponseInit } from '@azure/functions';

import type { Clock } from '../core/clock.js';
import { settingProblemsOf, settingProblemText } from '../config/problems.js';
import { dashboardData, statusWithin, type DashboardData, type NoStatus } from '../dashboard/data.js';
import type { Status } from '../engine/report/status.js';
import { asFailure, type Failure } from '../core/failure.js';
import { redactedJson } from '../core/redact.js';
import { iso } from '../core/time.js';
import type { WorkerReplicator } from './worker/workerReplicator.js';

/**
 * The answer of `status`: 200 when all is well, else 503, with the same JSON ({@link Status}; only `healthy` and
 * `problems` when the settings are wrong). Comes within 8 s, for a caller that does not wait longer. Never throws.
 */
export async function statusAnswer(worker: WorkerReplicator, clock: Clock): Promise<HttpResponseInit> {
  const status = await statusOf(worker, clock);
  return {
    status: status.healthy ? 200 : 503,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: redactedJson(status),
  };
}

async function statusOf(worker: WorkerReplicator, clock: Clock): Promise<Status | NoStatus> {
  try {
    const { replicator } = await worker.take();
    return await statusWithin(replicator, clock);
  } catch (thrown) {
    return { healthy: false, problems: problemsOf(asFailure(thrown)) };
  }
}

/** What the status page shows. Never throws. */
export async function lookAtAll(worker: WorkerReplicator, clock: Clock): Promise<DashboardData> {
  try {
    const { replicator } = await worker.take();
    return await dashboardData(replicator, clock);
  } catch (thrown) {
    const status = { healthy: false, problems: problemsOf(asFailure(thrown)) };
    return { now: iso(clock.now()), status, history: [] };
  }
}

function problemsOf(failure: Failure): readonly string[] {
  const problems = settingProblemsOf(failure);
  return problems?.map((problem) => settingProblemText(problem)) ?? [`${failure.message} ${failure.remedy}`];
}
