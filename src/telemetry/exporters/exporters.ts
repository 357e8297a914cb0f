import { systemClock, type Clock } from '../../core/clock.js';
import type { TelemetryConfig } from '../../config/telemetrySettings.js';
import type { Exporters, Sending } from '../openTelemetry.js';

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
  const { startSending } = await import('../openTelemetry.js');
  const exporters: Exporters[] = [];
  if (azureMonitor) exporters.push((await import('./azureMonitor.js')).azureMonitorExporters(azureMonitor));
  if (otlpEndpoint !== undefined) exporters.push((await import('./otlp.js')).otlpExporters(otlpEndpoint));
  return startSending(serviceName, exporters, clock);
}
