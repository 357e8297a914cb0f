import { systemClock, type Clock } from '../../core/clock.js';
import type { TelemetryConfig } from '../../config/telemetrySettings.js';
import type { Sending } from '../openTelemetry.js';

/** True when telemetry goes anywhere. */
export function isTelemetryOn({ azureMonitor, otlpEndpoint }: TelemetryConfig): boolean {
  return azureMonitor !== undefined || otlpEndpoint !== undefined;
}

/**
 * Starts sending to where the settings say; undefined when they say nowhere: then none of the packages is loaded. They
 * are imported by files of ours, because a bundle finds no names in a CommonJS package that is imported late.
 */
export async function startTelemetry(
  settings: TelemetryConfig,
  clock: Clock = systemClock,
): Promise<Sending | undefined> {
  if (!isTelemetryOn(settings)) return undefined;
  const { azureMonitor, otlpEndpoint, serviceName } = settings;
  const [{ startSending }, monitor, collector] = await Promise.all([
    import('../openTelemetry.js'),
    azureMonitor && import('./azureMonitor.js'),
    otlpEndpoint === undefined ? undefined : import('./otlp.js'),
  ]);
  const exporters = [
    ...(azureMonitor && monitor ? [monitor.azureMonitorExporters(azureMonitor)] : []),
    ...(otlpEndpoint !== undefined && collector ? [collector.otlpExporters(otlpEndpoint)] : []),
  ];
  return startSending(serviceName, exporters, clock);
}
