import { app } from '@azure/functions';

import { systemClock } from '../clock.js';
import { dashboardAnswer } from '../dashboard/dashboardAnswer.js';
import { createReplicator } from '../replicator.js';
import { silentLogger } from '../telemetry/logger.js';
import { lookAtAll } from './statusAnswer.js';
import { WorkerReplicator } from './workerReplicator.js';

const worker = new WorkerReplicator((config) => createReplicator(config, silentLogger));

app.http('dashboard', {
  methods: ['GET'],
  authLevel: 'function',
  route: 'dashboard/{part?}',
  handler: ({ params }) => dashboardAnswer(params['part'] ?? '', () => lookAtAll(worker, systemClock)),
});
