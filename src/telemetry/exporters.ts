import type { TelemetryConfig } from '../telemetrySettings.js';
import type { Exporters, Sending } from './openTelemetry.js';

/** True when telemetry goes anywhere. */
export function isTelemetryOn({ azureMonitor, otlpEndpoint }: TelemetryConfig): boolean {
  return azureMonitor !== undefined || otlpEndpoint !== undefined;
}

/** Starts sending to where the settings say; undefined when they say nowhere: then none of the packages is loaded. */
export async function startTelemetry(settings: TelemetryConfig): Promise<Sending | undefined> {
  if (!isTelemetryOn(settings)) return undefined;
  const { azureMonitor, otlpEndpoint, serviceName } = settings;
  const [{ startSending }, monitor, collector] = await Promise.all([
    import('./openTelemetry.js'),
    azureMonitor && azureMonitorExporters(azureMonitor),
    otlpEndpoint === undefined ? undefined : otlpExporters(otlpEndpoint),
  ]);
  return startSending(
    serviceName,
    [monitor, collector].filter((exporters) => exporters !== undefined),
  );
}

/** The connection string of a resource without local authentication is no secret; an identity proves who we are. */
async function azureMonitorExporters(options: NonNullable<TelemetryConfig['azureMonitor']>): Promise<Exporters> {
  const { connectionString, clientId } = options;
  // What the exporter tells its own makers would go to a host that nobody has named.
  // eslint-disable-next-line no-restricted-properties -- the exporter takes it from nowhere else
  process.env['APPLICATION_INSIGHTS_NO_STATSBEAT'] ??= 'true';
  const [{ AzureMonitorTraceExporter, AzureMonitorMetricExporter, AzureMonitorLogExporter }, identity] =
    await Promise.all([
      import('@azure/monitor-opentelemetry-exporter'),
      clientId === undefined ? undefined : import('@azure/identity'),
    ]);
  const given = {
    connectionString,
    ...(identity && clientId !== undefined && { credential: new identity.ManagedIdentityCredential({ clientId }) }),
    // What cannot be sent is dropped: a disk that fills up with telemetry would be worse.
    disableOfflineStorage: true,
  };
  return {
    spans: new AzureMonitorTraceExporter(given),
    metrics: new AzureMonitorMetricExporter(given),
    logs: new AzureMonitorLogExporter(given),
  };
}

/** The exporters read headers, timeouts and certificates from the standard `OTEL_EXPORTER_OTLP_*` variables. */
async function otlpExporters(endpoint: string): Promise<Exporters> {
  const [{ OTLPTraceExporter }, { OTLPMetricExporter }, { OTLPLogExporter }] = await Promise.all([
    import('@opentelemetry/exporter-trace-otlp-proto'),
    import('@opentelemetry/exporter-metrics-otlp-proto'),
    import('@opentelemetry/exporter-logs-otlp-proto'),
  ]);
  const at = (signal: string) => ({ url: `${endpoint.replace(/\/$/, '')}/v1/${signal}` });
  return {
    spans: new OTLPTraceExporter(at('traces')),
    metrics: new OTLPMetricExporter(at('metrics')),
    logs: new OTLPLogExporter(at('logs')),
  };
}
