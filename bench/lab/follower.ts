import { loadConfig, type Environment } from '../../src/config/config.js';
import { createReplicator } from '../../src/replicator.js';
import { Runtime } from '../../src/runtime.js';
import { silentLogger } from '../../src/core/logger.js';
import { jobOf, tellParent } from '../child.js';

/** Replicates until it is asked to stop. Tells its parent when it first makes progress. */
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
const replicator = createReplicator(loadConfig(jobOf<Environment>()).config, new Runtime({ logger: silentLogger }));
let told = false;
await replicator.run({
  stop: stop.signal,
  whenCaughtUp: 'wait',
  onOutage: 'fail',
  onProgress: () => {
    if (!told) tellParent({});
    told = true;
  },
});
await replicator.close();
