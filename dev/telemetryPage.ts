import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { events, metrics, spans } from '../src/telemetry/metrics.js';

/** Where the page is. */
export const telemetryPagePath = fileURLToPath(new URL('../docs/telemetry.md', import.meta.url));

/** `docs/telemetry.md`: every name under which Eventferry can be observed. */
export function telemetryPage(): string {
  const instruments = Object.entries(metrics).map(([name, about]) => {
    const attribute = 'attribute' in about ? `\`${about.attribute}\`` : '';
    return `| \`${name}\` | ${about.type} | ${about.unit} | ${attribute} | ${about.meaning} |`;
  });
  const rows = (table: Readonly<Record<string, string>>) =>
    Object.entries(table).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
  return `${[
    head,
    '## Metrics\n\nEach carries `source` and `stream`.\n',
    '| name | type | unit | also carries | meaning |\n| --- | --- | --- | --- | --- |',
    ...instruments,
    `\n## Trace\n\n${traces}\n`,
    '| span | meaning |\n| --- | --- |',
    ...rows(spans),
    `\n## Log\n\n${log}\n`,
    '| event | level and meaning |\n| --- | --- |',
    ...rows(events),
  ].join('\n')}\n`;
}

const head = `# Telemetry

<!-- Generated from src/telemetry/metrics.ts by \`npm run docs\`. -->

Metrics, traces and log lines go to Application Insights when \`APPLICATIONINSIGHTS_CONNECTION_STRING\` is set, to an
OpenTelemetry collector when \`OTEL_EXPORTER_OTLP_ENDPOINT\` is set, to both, or nowhere; then no package of OpenTelemetry is
loaded. \`APPLICATIONINSIGHTS_AUTHENTICATION_STRING\` names the managed identity that proves who sends
([settings](settings.md)). Metrics are sent every minute and everything at the end of each invocation and of each command.

In Azure, alerts and a workbook ask the questions of \`infra/monitoring/\` of them, and \`npm run ask -- QUESTION\` does on a terminal:
[operating](operating.md#when-an-alert-arrives).
`;

const traces = `One a run, child of the request that the host made for the invocation. At most 100 spans of a name are kept of one run; the
span \`run\` has the numbers of all. A poll that finds nothing has no span.`;

const log = `An event and its facts, which are the line's attributes (in Azure, its properties); to a collector it is the event
\`eventferry.NAME\` of that severity. Secrets are taken out. A run in which nothing happened has one line, \`run-ended\`.`;

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(telemetryPagePath, telemetryPage());
