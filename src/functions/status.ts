import { app } from '@azure/functions';

import { systemClock } from '../clock.js';
import { createReplicator } from '../replicator.js';
import { silentLogger } from '../telemetry/logger.js';
import { statusAnswer } from './statusAnswer.js';
import { WorkerReplicator } from './workerReplicator.js';

const worker = new WorkerReplicator((config) => createReplicator(config, silentLogger));

app.http('status', {
  methods: ['GET'],
  authLevel: 'function',
  handler: () => statusAnswer(worker, systemClock),
});
