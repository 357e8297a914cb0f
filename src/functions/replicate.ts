import { app } from '@azure/functions';

import { environment } from '../config.js';
import { TimerRuns } from './timerRuns.js';
import { timerSchedule } from './timerSchedule.js';

const runs = new TimerRuns();

app.timer('replicate', {
  schedule: timerSchedule(environment()),
  runOnStartup: false,
  handler: (_timer, context) => runs.invoke(context),
});

app.hook.appTerminate(() => runs.terminate());
