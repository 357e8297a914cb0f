import { app } from '@azure/functions';

import { systemClock } from '../core/clock.js';
import { dashboardAnswer } from '../dashboard/answer.js';
import { createReplicator } from '../replicator.js';
import { silentLogger } from '../core/logger.js';
import { lookAtAll } from './statusAnswer.js';
import { WorkerReplicator } from './worker/workerReplicator.js';

const worker = new WorkerReplicator((config) => createReplicator(config, silentLogger));

app.http('dashboard', {
  methods: ['GET'],
  authLevel: 'function',
  route: 'dashboard/{part?}',
  handler: ({ params }) => dashboardAnswer(params['part'] ?? '', () => lookAtAll(worker, systemClock)),
});
