import { app } from '@azure/functions';

import { systemClock } from '../core/clock.js';
import { createReplicator } from '../replicator.js';
import { Runtime } from '../runtime.js';
import { silentLogger } from '../core/logger.js';
import { statusAnswer } from './statusAnswer.js';
import { WorkerReplicator } from './worker/workerReplicator.js';

const runtime = new Runtime({ logger: silentLogger });
const worker = new WorkerReplicator((config) => createReplicator(config, runtime));

app.http('status', { methods: ['GET'], authLevel: 'function', handler: () => statusAnswer(worker, systemClock) });
