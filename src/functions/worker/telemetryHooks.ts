import type * as functions from '@azure/functions';

import type { Facts } from '../../core/logger.js';
import type { Level } from '../../telemetry/openTelemetry.js';
import type { WorkerTelemetry } from './workerTelemetry.js';

/**
 * Has the worker send its own telemetry, with three hooks: it tells the host so (which then no longer passes on the
 * worker's log lines), sends each log line, and sends all there is at the end of each invocation, since an instance may
 * be frozen after it.
 */
export function registerTelemetry(app: typeof functions.app, telemetry: WorkerTelemetry): void {
  app.setup({ capabilities: { WorkerOpenTelemetryEnabled: true } });
  app.hook.log(({ level, message, invocationContext }) => {
    const parent = invocationContext?.traceContext?.traceParent;
    const { event, facts } = parsed(message);
    void telemetry.start().then((sending) => sending?.log(levelOf(level), event, facts, parent));
  });
  const flush = async (): Promise<void> => (await telemetry.start())?.flush();
  app.hook.postInvocation(flush);
  app.hook.appTerminate(flush);
}

function levelOf(level: functions.LogLevel): Level {
  if (level === 'error' || level === 'critical') return 'error';
  return level === 'warning' ? 'warn' : 'info';
}

/** Lines of ours are an event's name and its facts as JSON; others stay as they are. */
function parsed(message: string): { readonly event: string; readonly facts: Facts } {
  const [, event, json] = /^([a-z][a-z-]*) (\{.*\})$/s.exec(message) ?? [];
  if (event === undefined || json === undefined) return { event: message, facts: {} };
  try {
    return { event, facts: JSON.parse(json) as Facts };
  } catch {
    return { event: message, facts: {} };
  }
}
