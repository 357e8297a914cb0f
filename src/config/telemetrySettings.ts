import type { z } from 'zod';

import type { Frozen } from '../core/stored.js';
import { settingsSchema } from './settings.js';

/** Where telemetry goes; nowhere when neither is there. */
export type TelemetryConfig = Frozen<ReturnType<typeof telemetryOf>>;

const telemetrySchema = settingsSchema.pick({
  APPLICATIONINSIGHTS_CONNECTION_STRING: true,
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: true,
  OTEL_EXPORTER_OTLP_ENDPOINT: true,
  OTEL_SERVICE_NAME: true,
});

/** Where telemetry goes, whatever the other settings are; nowhere when these are wrong themselves. Never throws. */
export function loadTelemetryConfig(env: Readonly<Record<string, string | undefined>>): TelemetryConfig {
  const given = Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== '');
  const parsed = telemetrySchema.safeParse(Object.fromEntries(given));
  return parsed.success ? telemetryOf(parsed.data) : { serviceName: 'eventferry' };
}

/** The same from settings that were read. */
export function telemetryOf(values: z.output<typeof telemetrySchema>) {
  const connectionString = values.APPLICATIONINSIGHTS_CONNECTION_STRING;
  const authentication = values.APPLICATIONINSIGHTS_AUTHENTICATION_STRING;
  const otlpEndpoint = values.OTEL_EXPORTER_OTLP_ENDPOINT;
  return {
    ...(connectionString !== undefined && {
      azureMonitor: { connectionString, ...(authentication !== undefined && { identity: identityIn(authentication) }) },
    }),
    ...(otlpEndpoint !== undefined && { otlpEndpoint }),
    serviceName: values.OTEL_SERVICE_NAME,
  };
}

/** The managed identity that proves who sends; without a client id, the system-assigned one. */
function identityIn(authentication: string): { readonly clientId?: string } {
  const clientId = /(?:^|;)\s*ClientId=([^;]+)/i.exec(authentication)?.[1];
  return clientId === undefined ? {} : { clientId: clientId.trim() };
}
