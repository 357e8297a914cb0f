import { app } from '@azure/functions';

import { systemClock } from '../core/clock.js';
import { environment } from '../config/config.js';
import { createReplicator } from '../replicator.js';
import { registerTelemetry } from './worker/telemetryHooks.js';
import { TimerRuns } from './worker/timerRuns.js';
import { timerSchedule } from './worker/timerSchedule.js';
import { workerTelemetry } from './worker/workerTelemetry.js';

const telemetry = workerTelemetry();
const runs = new TimerRuns(environment, systemClock, createReplicator, () => telemetry.start());

app.timer('replicate', {
  schedule: timerSchedule(environment()),
  runOnStartup: false,
  handler: (_timer, context) => runs.invoke(context),
});

app.hook.appTerminate(() => runs.terminate());
// Hooks run in this order: what the run says at its end is sent too.
if (telemetry.isOn) registerTelemetry(app, telemetry);
