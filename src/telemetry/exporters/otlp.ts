import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';

import type { Exporters } from '../openTelemetry.js';

/** The exporters read headers, timeouts and certificates from the standard `OTEL_EXPORTER_OTLP_*` variables. */
export function otlpExporters(endpoint: string): Exporters {
  const at = (signal: string) => ({ url: `${endpoint.replace(/\/$/, '')}/v1/${signal}` });
  return {
    spans: new OTLPTraceExporter(at('traces')),
    metrics: new OTLPMetricExporter(at('metrics')),
    logs: new OTLPLogExporter(at('logs')),
  };
}
