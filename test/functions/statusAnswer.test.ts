import { describe, expect, test } from 'vitest';
import type { Environment } from '../../src/config/config.js';
import type { Status } from '../../src/engine/report/status.js';
import { statusAnswer } from '../../src/functions/statusAnswer.js';
import { WorkerReplicator } from '../../src/functions/worker/workerReplicator.js';
import type { Replicator } from '../../src/replicator.js';
import { FakeClock } from '../support/fakeClock.js';
import { idleReplicator } from './idleReplicator.js';

const settings: Environment = {
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  SOURCE_CONTAINER: 'billing',
  EVENTSTORE_CONNECTION_STRING: 'esdb://admin:changeit@localhost:2113?tls=false',
};

const healthy: Status = {
  healthy: true,
  problems: [],
  source: { id: 'billing' },
  target: { stream: 'billing', state: 'event', revision: 41 },
  checkpoint: {},
  warnings: [],
};

function answering(status: Replicator['status'], env = settings) {
  const clock = new FakeClock();
  const worker = new WorkerReplicator(
    () => idleReplicator({ status }),
    () => env,
  );
  return { clock, answer: statusAnswer(worker, clock) };
}

function json(body: unknown): Record<string, unknown> {
  return JSON.parse(String(body)) as Record<string, unknown>;
}

describe('The answer of status', () => {
  test('The answer of status is 200 with all there is to see when all is well, and no cache keeps it', async () => {
    const { status, headers, body } = await answering(() => Promise.resolve(healthy)).answer;
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' });
    expect(json(body)).toEqual(healthy);
  });

  test('The answer of status is 503 with the same JSON when something is wrong', async () => {
    const ill = { ...healthy, healthy: false, problems: ['Stopped since noon.'] };
    const { status, body } = await answering(() => Promise.resolve(ill)).answer;
    expect(status).toBe(503);
    expect(json(body)).toEqual(ill);
  });

  test('The answer of status is 503 with every wrong setting, one by one', async () => {
    const { status, body } = await answering(() => Promise.resolve(healthy), { RUN_SECONDS: '600' }).answer;
    expect(status).toBe(503);
    expect(json(body)).toEqual({
      healthy: false,
      problems: [
        expect.stringMatching(/^SOURCE_CONTAINER expected a container name/),
        expect.stringMatching(/^EVENTSTORE_CONNECTION_STRING expected esdb:/),
        'RUN_SECONDS is "600"; expected a whole number from 5 to 240',
        expect.stringMatching(/^SOURCE_STORAGE expected a storage connection string/),
        expect.stringMatching(/^CHECKPOINT_STORAGE expected a storage connection string/),
      ],
    });
  });

  test('The answer of status is 503 when the answer cannot be had at all', async () => {
    const { status, body } = await answering(() => Promise.reject(new Error('no memory'))).answer;
    expect(status).toBe(503);
    expect(json(body)).toMatchObject({ healthy: false, problems: [expect.stringMatching(/^no memory/)] });
  });

  test('The answer of status comes after 8 s with what is known by then', async () => {
    const ill = { ...healthy, healthy: false, problems: ['The server did not answer in time.'] };
    const { clock, answer } = answering(
      (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(ill))),
    );
    await clock.pass(8_000);
    const { status, body } = await answer;
    expect(status).toBe(503);
    expect(json(body)).toEqual(ill);
  });

  test('The answer of status holds no secret', async () => {
    const message = 'cannot reach esdb://admin:changeit@localhost:2113';
    const { body } = await answering(() => Promise.resolve({ ...healthy, healthy: false, problems: [message] })).answer;
    expect(body).toContain('localhost:2113');
    expect(body).not.toContain('changeit');
  });
});
