import type { HttpResponseInit } from '@azure/functions';

import type { Clock } from '../clock.js';
import { settingProblemText, type SettingProblem } from '../config.js';
import type { Status } from '../engine/status.js';
import { asFailure, type Failure } from '../errors.js';
import type { Replicator } from '../replicator.js';
import { redactedJson } from '../telemetry/redactedJson.js';
import type { WorkerReplicator } from './workerReplicator.js';

/** What has not answered by then, in ms, is shown as unreachable. */
const answerMs = 8_000;

/** What can be said without a replicator. */
type NoStatus = Pick<Status, 'healthy' | 'problems'>;

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
    return await askedWithin(replicator, clock);
  } catch (thrown) {
    return { healthy: false, problems: problemsOf(asFailure(thrown)) };
  }
}

async function askedWithin(replicator: Replicator, clock: Clock): Promise<Status> {
  const late = new AbortController();
  const cancel = clock.after(answerMs, () => late.abort());
  try {
    return await replicator.status(late.signal);
  } finally {
    cancel();
  }
}

function problemsOf({ kind, message, wayOut, facts }: Failure): readonly string[] {
  if (kind === 'SettingsInvalid' && Array.isArray(facts['problems'])) {
    return (facts['problems'] as SettingProblem[]).map(settingProblemText);
  }
  return [`${message} ${wayOut}`];
}
