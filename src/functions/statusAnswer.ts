import type { HttpResponseInit } from '@azure/functions';

import type { Clock } from '../clock.js';
import { settingProblemText, type SettingProblem } from '../config.js';
import type { Status } from '../engine/status.js';
import { asFailure, type Failure } from '../errors.js';
import type { Replicator } from '../replicator.js';
import { redactedJson } from '../telemetry/redactedJson.js';
import { settledWithin } from './settledWithin.js';
import type { WorkerReplicator } from './workerReplicator.js';

/** Whatever has not answered by then is shown as unreachable, in ms. */
const askMs = 8_000;
/** The answer itself comes no later than this, in ms. */
const answerMs = 10_000;

/** What can be said without a replicator. */
type NoStatus = Pick<Status, 'healthy' | 'problems'>;

/**
 * The answer of `status`: 200 when all is well, else 503, with the same JSON ({@link Status}; only `healthy` and
 * `problems` when the settings are wrong or nothing answers). Comes within 10 s and never throws.
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

async function askedWithin(replicator: Replicator, clock: Clock): Promise<Status | NoStatus> {
  const late = new AbortController();
  const cancel = clock.after(askMs, () => late.abort());
  const status = replicator.status(late.signal);
  if (await settledWithin(status, answerMs, clock)) {
    cancel();
    return status;
  }
  return { healthy: false, problems: [`Neither source, target nor checkpoint table answered within ${answerMs} ms.`] };
}

function problemsOf({ kind, message, wayOut, facts }: Failure): readonly string[] {
  if (kind === 'SettingsInvalid' && Array.isArray(facts['problems'])) {
    return (facts['problems'] as SettingProblem[]).map(settingProblemText);
  }
  return [`${message} ${wayOut}`];
}
