import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { events, metrics, spans } from '../../src/telemetry/metrics.js';

/** Where the page is. */
export const telemetryPagePath = fileURLToPath(new URL('../../docs/telemetry.md', import.meta.url));

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
OpenTelemetry collector when \`OTEL_EXPORTER_OTLP_ENDPOINT\` is set, and to both when both are set. When neither is set, they
go nowhere and no package of OpenTelemetry is loaded. \`APPLICATIONINSIGHTS_AUTHENTICATION_STRING\` names the managed identity
that the app signs in with ([settings](settings.md)). Metrics are sent every minute. Everything is sent at the end of each invocation and of
each command.

\`infra/monitoring/\` has the questions that alerts and a workbook ask of this telemetry in Azure. \`npm run ask -- QUESTION\`
answers them on a terminal: [operating](operating.md#when-an-alert-arrives).
`;

const traces = `Each run has one trace, below the request that the host made for the invocation. At most 100 spans of each name are
kept of a run; the span \`run\` has the numbers of all. A poll that finds nothing has no span.`;

const log = `Each line is an event and its facts, which are the line's attributes (in Azure, its properties). A collector gets it as the event
\`eventferry.NAME\` of that severity. Secrets are removed. A run in which nothing happened has one line, \`run-ended\`.`;

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(telemetryPagePath, telemetryPage());
