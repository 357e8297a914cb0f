import { describe, expect, test } from 'vitest';

import type { Status } from '../../src/engine/report/status.js';
import { statusAnswer } from '../../src/functions/statusAnswer.js';
import { WorkerReplicator } from '../../src/functions/worker/workerReplicator.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { hangingRun } from '../support/faults/hangingRun.js';
import { parts } from '../support/faults/road.js';

const server = sharedEmbeddedServer();
/** Only has to be valid: the replicator is already there. */
const settings = {
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  SOURCE_CONTAINER: 'billing',
  EVENTSTORE_CONNECTION_STRING: 'esdb://localhost:2113?tls=false',
};

function statusOf(body: unknown): Status {
  return JSON.parse(String(body)) as Status;
}

describe.each(parts)('A call to the %s that is never answered', (part) => {
  test('Status turns red, 503, in every other process within three minutes of a call that is never answered, and staleness counts', async () => {
    const { other, clock, hang } = await hangingRun(server(), part);
    const worker = new WorkerReplicator(
      () => other,
      () => settings,
    );
    const before = await statusAnswer(worker, clock);
    expect([before.status, statusOf(before.body)]).toMatchObject([200, { healthy: true, staleSeconds: 0 }]);

    await hang();
    const { status, body } = await statusAnswer(worker, clock);
    expect(status).toBe(503);
    const { healthy, problems, staleSeconds, lag } = statusOf(body);
    expect(healthy).toBe(false);
    expect(problems.join()).toMatch(/No run has reported since/);
    expect(staleSeconds).toBeGreaterThan(180);
    expect(lag).toMatchObject({ events: 6 });
  });
});
