import { app } from '@azure/functions';

import { systemClock } from '../clock.js';
import { environment } from '../config.js';
import { createReplicator } from '../replicator.js';
import { registerTelemetry } from './telemetryHooks.js';
import { TimerRuns } from './timerRuns.js';
import { timerSchedule } from './timerSchedule.js';
import { WorkerTelemetry } from './workerTelemetry.js';

const telemetry = new WorkerTelemetry();
const runs = new TimerRuns(environment, systemClock, createReplicator, () => telemetry.start());

app.timer('replicate', {
  schedule: timerSchedule(environment()),
  runOnStartup: false,
  handler: (_timer, context) => runs.invoke(context),
});

app.hook.appTerminate(() => runs.terminate());
// Hooks run in this order: what the run says at its end is sent too.
if (telemetry.isOn) registerTelemetry(app, telemetry);
