import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';

import { metrics } from '../../src/telemetry/metrics.js';
import { eventferryProcess, password } from '../cli/commandLine.js';
import { applicationInsights } from '../support/services/applicationInsights.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered } from '../support/ferry.js';
import { otlpReceiver } from '../support/services/otlpReceiver.js';
import { ofTelemetry, watched } from './watched.js';

const server = sharedEmbeddedServer();
const chunk = '00000001-2013-10-15-093000.dat';

test('Telemetry comes from the command line too, without a secret', async () => {
  const collector = await otlpReceiver();
  const secret = server().connectionString.replace('://', `://admin:${password}@`);
  const ferry = await Ferry.open(server(), { EVENTSTORE_CONNECTION_STRING: secret });
  await ferry.write(chunk, numbered(1, 3));
  const { code } = await eventferryProcess(
    ['run'],
    ferry.environment({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }),
  );
  expect(code).toBe(0);
  expect(collector.metrics.find(({ name }) => name === 'eventferry.events.appended')?.points.at(-1)?.value).toBe(3);
  expect(collector.bytes()).not.toContain(password);
  expect(collector.bytes()).not.toContain('Eby8vdM02xNOcqFl');
});

test('Application Insights receives metrics, the run and its log line, each with its own names', async () => {
  const insights = await applicationInsights();
  const ferry = await Ferry.open(server());
  await ferry.write(chunk, numbered(1, 3));
  const { code, stderr, dials } = await watched(ferry.environment(insights.settings));
  expect(code, stderr).toBe(0);
  expect(stderr).not.toMatch(/error|warn/i);
  expect(dials).toEqual(new Set(['127.0.0.1']));
  const measured = insights
    .of('MetricData')
    .flatMap(({ metrics: points }) => points as { name: string; value: number }[]);
  expect(measured).toContainEqual(expect.objectContaining({ name: 'eventferry.events.appended', value: 3 }));
  expect(new Set(measured.map(({ name }) => name).filter((name) => !name.startsWith('_')))).toEqual(
    new Set(measured.map(({ name }) => name).filter((name) => name in metrics)),
  );
  expect(insights.of('RemoteDependencyData').map(({ name }) => name)).toContain('run');
  expect(insights.of('MessageData')).toContainEqual(
    expect.objectContaining({
      message: 'run-ended',
      properties: expect.objectContaining({ end: 'caught-up' }) as object,
    }),
  );
});

test.each([
  [
    'that is named',
    'ClientId=11111111-2222-4333-8444-555555555555;Authorization=AAD',
    '11111111-2222-4333-8444-555555555555',
  ],
  ['of the app itself where none is named', 'Authorization=AAD', null],
])('Application Insights is told who sends with a token of the managed identity %s', async (_, authentication, id) => {
  const insights = await applicationInsights();
  const asked: URL[] = [];
  // Where the platform gives out tokens: the endpoint of App Service and Functions.
  const tokens = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://platform'));
    const expires_on = Math.floor(Date.now() / 1000) + 3600;
    const token = { access_token: 'token-of-the-app', expires_on, resource: 'r', token_type: 'Bearer', client_id: 'c' };
    response
      .writeHead(request.headers['x-identity-header'] === 'ours' ? 200 : 401, { 'content-type': 'application/json' })
      .end(JSON.stringify(token));
  });
  await new Promise<void>((resolve) => tokens.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void tokens.close());
  const ferry = await Ferry.open(server());
  const { code, stderr } = await eventferryProcess(
    ['run'],
    ferry.environment({
      ...insights.settings,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: authentication,
      IDENTITY_ENDPOINT: `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/msi/token`,
      IDENTITY_HEADER: 'ours',
    }),
  );
  expect(code, stderr).toBe(0);
  expect(stderr).not.toMatch(/error|warn/i);
  expect(insights.authorizations).toEqual(new Set(['Bearer token-of-the-app']));
  for (const { searchParams } of asked) {
    expect(searchParams.get('client_id')).toBe(id);
    expect(searchParams.get('resource')).toContain('monitor.azure.com');
  }
  expect(asked).not.toEqual([]);
});

test('Only what sends to a collector is loaded when that alone is asked for', async () => {
  const collector = await otlpReceiver();
  const ferry = await Ferry.open(server());
  const { code, loads } = await watched(ferry.environment({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }));
  expect(code).toBe(0);
  expect(loads.filter((url) => ofTelemetry.test(url))).not.toEqual([]);
  expect(loads.filter((url) => url.includes('monitor-opentelemetry-exporter'))).toEqual([]);
});

test('None of the packages of telemetry is loaded where none is asked for', async () => {
  const ferry = await Ferry.open(server());
  const { code, loads } = await watched(ferry.environment());
  expect(code).toBe(0);
  expect(loads.length).toBeGreaterThan(100);
  expect(loads.filter((url) => ofTelemetry.test(url))).toEqual([]);
});
