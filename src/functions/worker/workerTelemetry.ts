import { systemClock, type Clock } from '../../core/clock.js';
import { environment, type Environment } from '../../config/config.js';
import { isTelemetryOn, startTelemetry } from '../../telemetry/exporters/exporters.js';
import { redact } from '../../core/redact.js';
import { printable } from '../../core/text.js';
import { loadTelemetryConfig } from '../../config/telemetrySettings.js';
import type { Sending } from '../../telemetry/openTelemetry.js';

/** Telemetry of this worker: loaded at the first use, and only when the settings say where it goes. */
export function workerTelemetry(env: Environment = environment(), clock: Clock = systemClock) {
  const settings = loadTelemetryConfig(env);
  let started: Promise<Sending | undefined> | undefined;
  return {
    isOn: isTelemetryOn(settings),
    /** Never throws: without telemetry the work goes on, and stderr, which the host reads, says why there is none. */
    start: () =>
      (started ??= startTelemetry(settings, clock).catch((error: Error) => {
        process.stderr.write(`Telemetry cannot be sent: ${printable(redact(error.message))}\n`);
        return undefined;
      })),
  };
}

export type WorkerTelemetry = ReturnType<typeof workerTelemetry>;
