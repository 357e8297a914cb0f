import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { settings } from '../../src/config/settings.js';
import type { About } from '../../src/config/settings.js';

/** Where the page is. */
export const settingsPagePath = fileURLToPath(new URL('../../docs/settings.md', import.meta.url));

const connectionMeaning = 'Connection of the storage account';
const connectionDefault = 'the connection `AzureWebJobsStorage`';

const groups: readonly { readonly title: string; readonly rows: readonly string[] }[] = [
  {
    title: 'The source',
    rows: [
      row('SOURCE_STORAGE', { meaning: `${connectionMeaning} that holds the source.`, defaultText: connectionDefault }),
      ...rowsOf('SOURCE_CONTAINER', 'SOURCE_ID', 'ON_DAMAGE', 'READ_RECORDS', 'SETTLE_SECONDS', 'LIST_ALL_SECONDS'),
    ],
  },
  {
    title: 'What is written',
    rows: rowsOf(
      'EXCLUDE_KEYS',
      'BODY_MODE',
      'TYPE_MAP',
      'STRIP_NAMESPACES',
      'ON_UNCONVERTIBLE',
      'QUARANTINE_CONTAINER',
    ),
  },
  {
    title: 'The target',
    rows: rowsOf('EVENTSTORE_CONNECTION_STRING', 'EVENTSTORE_TLS_CA', 'TARGET_STREAM', 'APPEND_BYTES'),
  },
  {
    title: 'The checkpoint',
    rows: [
      row('CHECKPOINT_STORAGE', {
        meaning: `${connectionMeaning} that holds the checkpoint table.`,
        defaultText: connectionDefault,
      }),
      ...rowsOf('CHECKPOINT_TABLE'),
    ],
  },
  {
    title: 'Runs',
    rows: rowsOf(
      'REPLICATION_SCHEDULE',
      'RUN_SECONDS',
      'WHEN_CAUGHT_UP',
      'IDLE_POLL_MS',
      'EMPTY_SOURCE_WAIT_SECONDS',
      'OUTAGE_WAIT_SECONDS',
    ),
  },
  { title: 'Notifications', rows: rowsOf('NOTIFY_WEBHOOK_URL', 'HEARTBEAT_URL') },
  {
    title: 'Telemetry',
    rows: rowsOf(
      'APPLICATIONINSIGHTS_CONNECTION_STRING',
      'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'OTEL_SERVICE_NAME',
    ),
  },
];

/** `docs/settings.md`: every setting, as the schema describes it. */
export function settingsPage(): string {
  const tables = groups.map(({ title, rows }) =>
    [`## ${title}`, '', '| name | default | meaning |', '| --- | --- | --- |', ...rows].join('\n'),
  );
  return `${[head, ...tables, connections, checks].join('\n\n')}\n`;
}

const head = `# Settings

<!-- Generated from src/config/settings.ts by \`npm run docs\`. -->

Settings are environment variables; in Azure, the settings of the function app. On the command line a flag of the same
name wins over the environment: \`--source-container\` for \`SOURCE_CONTAINER\`. An empty setting counts as not set, except
\`EXCLUDE_KEYS\`. \`REPLICATION_SCHEDULE\`, \`RUN_SECONDS\` and \`WHEN_CAUGHT_UP\` are for the timer only: on the command line,
\`run\` ends when it has caught up, and \`run --follow\` continues.

Settings marked * decide what is written. Every event's mark has their digest. When one of them changes, replication stops
with \`SettingsChanged\` until you set it back or accept the change (\`eventferry accept settings\`). \`SOURCE_ID\` can only be set
back.`;

const connections = `## Storage connections

\`SOURCE_STORAGE\` and \`CHECKPOINT_STORAGE\` take the forms that Azure Functions knows. So does \`AzureWebJobsStorage\`, which
is used when one of them is not set. \`NAME\` is the setting's name. An identity needs no secret.

| name | value |
| --- | --- |
| \`NAME\` | a connection string (\`UseDevelopmentStorage=true\` for the emulator), or a service URL with a SAS |
| \`NAME__accountName\` | instead, for an identity: the account's name |
| \`NAME__blobServiceUri\`, \`NAME__tableServiceUri\` | the service's URL instead of the account's name |
| \`NAME__serviceUri\` | the same: the URL of the blob service for the source, of the table service for the checkpoint |
| \`NAME__credential\` | \`managedidentity\`; without it, whatever identity the machine has, such as a developer's sign-in |
| \`NAME__clientId\` | the client id of a user-assigned identity |

The source is only ever read: *Storage Blob Data Reader* on its container is enough. The checkpoint needs *Storage Table Data
Contributor*. \`ON_UNCONVERTIBLE=quarantine\` needs the account's blob service too (a connection string,
\`CHECKPOINT_STORAGE__accountName\` or \`CHECKPOINT_STORAGE__blobServiceUri\`) and *Storage Blob Data Contributor* on the
container.`;

const checks = `## When a setting is wrong

All wrong or missing settings are reported together, each with what was expected and never with a secret. The command line
exits with 2 (\`doctor\` with 1) and contacts nothing. In Azure the functions stay listed, each run fails with the list, and
\`status\` answers 503 with it. A value that still starts with \`@Microsoft.KeyVault(\` is reported as a reference that was not resolved.`;

function rowsOf(...names: readonly (keyof typeof settings)[]): string[] {
  return names.map((name) => row(name, settings[name]));
}

function row(name: string, about: Pick<About, 'meaning' | 'defaultText' | 'unit' | 'inDigest'>): string {
  const standard = about.defaultText ?? 'required';
  const unit = about.unit === undefined || about.defaultText === undefined ? '' : ` ${about.unit}`;
  return `| \`${name}\`${about.inDigest ? ' *' : ''} | ${standard.replaceAll('|', '\\|')}${unit} | ${about.meaning} |`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(settingsPagePath, settingsPage());
