import { describe, expect, test } from 'vitest';
import type { Config, Environment } from '../../../src/config/config.js';
import { WorkerReplicator } from '../../../src/functions/worker/workerReplicator.js';
import { idleReplicator } from '../idleReplicator.js';

const settings: Environment = {
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  SOURCE_CONTAINER: 'billing',
  EVENTSTORE_CONNECTION_STRING: 'esdb://localhost:2113?tls=false',
};

/** A worker whose settings can be changed under its feet, and what it built and closed. */
function worker(env: Environment) {
  const built: Config[] = [];
  const closed: string[] = [];
  const held = { env };
  const replicators = new WorkerReplicator(
    (config) => {
      built.push(config);
      return idleReplicator({ close: () => Promise.resolve(void closed.push(config.target.stream)) });
    },
    () => held.env,
  );
  return { held, replicators, built, closed };
}

describe('The replicator of a worker', () => {
  test('The replicator of a worker is the same for every invocation, so that its clients live as long as the worker', async () => {
    const { replicators, built } = worker(settings);
    const first = await replicators.take();
    const second = await replicators.take();
    expect(second.replicator).toBe(first.replicator);
    expect(built).toHaveLength(1);
  });

  test('The replicator of a worker is built anew when a setting has changed, and the outdated one is closed', async () => {
    const { replicators, held, built, closed } = worker(settings);
    await replicators.take();
    held.env = { ...settings, TARGET_STREAM: 'billing-2' };
    const { config } = await replicators.take();
    expect(config.target.stream).toBe('billing-2');
    expect(built.map(({ target }) => target.stream)).toEqual(['billing', 'billing-2']);
    expect(closed).toEqual(['billing']);
  });

  test('The replicator of a worker is not built from wrong settings, which are read again each time', async () => {
    const { replicators, held, built } = worker({});
    await expect(replicators.take()).rejects.toThrow(/SOURCE_CONTAINER .*EVENTSTORE_CONNECTION_STRING/);
    expect(built).toEqual([]);
    held.env = settings;
    await replicators.take();
    expect(built).toHaveLength(1);
  });

  test('The replicator of a worker is built anew after it was closed', async () => {
    const { replicators, built, closed } = worker(settings);
    await replicators.close();
    await replicators.take();
    await replicators.close();
    await replicators.close();
    await replicators.take();
    expect(closed).toEqual(['billing']);
    expect(built).toHaveLength(2);
  });
});
