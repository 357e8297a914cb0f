import { app } from '@azure/functions';

import { systemClock } from '../core/clock.js';
import { dashboardAnswer } from '../dashboard/answer.js';
import { createReplicator } from '../replicator.js';
import { Runtime } from '../runtime.js';
import { silentLogger } from '../core/logger.js';
import { lookAtAll } from './statusAnswer.js';
import { WorkerReplicator } from './worker/workerReplicator.js';

const runtime = new Runtime({ logger: silentLogger });
const worker = new WorkerReplicator((config) => createReplicator(config, runtime));

app.http('dashboard', {
  methods: ['GET'],
  authLevel: 'function',
  route: 'dashboard/{part?}',
  handler: ({ params }) => dashboardAnswer(params['part'] ?? '', () => lookAtAll(worker, systemClock)),
});
