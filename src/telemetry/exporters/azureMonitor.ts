import { ManagedIdentityCredential } from '@azure/identity';
import {
  AzureMonitorLogExporter,
  AzureMonitorMetricExporter,
  AzureMonitorTraceExporter,
} from '@azure/monitor-opentelemetry-exporter';

import type { TelemetryConfig } from '../../config/telemetrySettings.js';
import type { Exporters } from '../openTelemetry.js';

/** The connection string of a resource without local authentication is no secret; an identity proves who we are. */
export function azureMonitorExporters(options: NonNullable<TelemetryConfig['azureMonitor']>): Exporters {
  const { connectionString, identity } = options;
  // What the exporter tells its own makers would go to a host that nobody has named.
  // eslint-disable-next-line no-restricted-properties -- the exporter takes it from nowhere else
  process.env['APPLICATION_INSIGHTS_NO_STATSBEAT'] ??= 'true';
  const given = {
    connectionString,
    ...(identity && { credential: new ManagedIdentityCredential(identity) }),
    // What cannot be sent is dropped: a disk that fills up with telemetry would be worse.
    disableOfflineStorage: true,
  };
  return {
    spans: new AzureMonitorTraceExporter(given),
    metrics: new AzureMonitorMetricExporter(given),
    logs: new AzureMonitorLogExporter(given),
  };
}
