import { app } from '@azure/functions';

import { systemClock } from '../core/clock.js';
import { createReplicator } from '../replicator.js';
import { silentLogger } from '../core/logger.js';
import { statusAnswer } from './statusAnswer.js';
import { WorkerReplicator } from './worker/workerReplicator.js';

const worker = new WorkerReplicator((config) => createReplicator(config, silentLogger));

app.http('status', {
  methods: ['GET'],
  authLevel: 'function',
  handler: () => statusAnswer(worker, systemClock),
});
