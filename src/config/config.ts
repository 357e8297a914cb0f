import type { z } from 'zod';

import type { Frozen } from '../core/stored.js';
import { convertSettings } from './convertSettings.js';
import { invalid, problemOf, shown, unresolvedReferences, type Given, type SettingProblem } from './problems.js';
import { settingsSchema, type SettingName } from './settings.js';
import { serviceUrl, type StorageConnection, type StorageService } from '../storage/connection.js';
import { connectionSettingNames, readStorageConnection, type ConnectionReading } from './storageSettings.js';
import { telemetryOf } from './telemetrySettings.js';

/** All settings, checked. Holds secrets: never log it whole. */
export type Config = Frozen<ReturnType<typeof configOf>>;

/** Setting name to text, as an environment holds it. */
export type Environment = Readonly<Record<string, string | undefined>>;

export function environment(): Environment {
  return process.env;
}

/**
 * Reads and checks every setting; contacts nothing. An empty setting counts as absent, except `EXCLUDE_KEYS`, where it
 * means no key.
 *
 * @param env the environment, or one with the command line's flags laid over it.
 * @throws Failure `SettingsInvalid` that lists everything wrong at once; `facts.problems` is a {@link SettingProblem}[].
 */
export function loadConfig(env: Environment = environment()): { readonly config: Config } {
  const given = givenSettings(env);
  const parsed = settingsSchema.safeParse(given);
  const source = storage(given, 'SOURCE_STORAGE', 'blob', given['SOURCE_CONTAINER']);
  const checkpoint = storage(given, 'CHECKPOINT_STORAGE', 'table', given['CHECKPOINT_TABLE']);
  const problems = problemsOf(given, settingsSchema, parsed, {
    SOURCE_STORAGE: source,
    CHECKPOINT_STORAGE: checkpoint,
    QUARANTINE_CONTAINER: quarantineReading(given, checkpoint),
  });
  if (parsed.success && 'connection' in source && 'connection' in checkpoint && problems.length === 0) {
    return { config: configOf(parsed.data, given, source.connection, checkpoint.connection) };
  }
  throw invalid(problems);
}

const sourceSchema = settingsSchema.pick({
  SOURCE_CONTAINER: true,
  SOURCE_ID: true,
  ON_DAMAGE: true,
  READ_RECORDS: true,
  SETTLE_SECONDS: true,
  LIST_ALL_SECONDS: true,
});

/**
 * Reads and checks only the settings of the source, for commands that need nothing else.
 *
 * @throws Failure `SettingsInvalid`
 */
export function loadSourceConfig(env: Environment = environment()): Config['source'] {
  const given = givenSettings(env);
  const parsed = sourceSchema.safeParse(given);
  const source = storage(given, 'SOURCE_STORAGE', 'blob', given['SOURCE_CONTAINER']);
  const problems = problemsOf(given, sourceSchema, parsed, { SOURCE_STORAGE: source });
  if (parsed.success && 'connection' in source && problems.length === 0) {
    return sourceOf(parsed.data, source.connection);
  }
  throw invalid(problems);
}

function givenSettings(env: Environment): Given {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const text = value?.trim();
    if (text !== undefined && (text !== '' || name === 'EXCLUDE_KEYS')) given[name] = text;
  }
  return given;
}

const hostStorage = 'AzureWebJobsStorage';

/** Everything that is wrong; one problem a setting. */
function problemsOf(
  given: Given,
  schema: z.ZodObject,
  parsed: z.ZodSafeParseResult<unknown>,
  connections: Readonly<Record<string, ConnectionReading>>,
): SettingProblem[] {
  const connectionNames = [...Object.keys(connections), hostStorage].flatMap(connectionSettingNames);
  const problems = [
    ...unresolvedReferences(given, [...Object.keys(schema.shape), ...connectionNames]),
    ...(parsed.error?.issues ?? []).map(({ path }) => problemOf(path[0] as SettingName, given)),
    ...Object.values(connections).flatMap((reading) => ('problems' in reading ? reading.problems : [])),
  ];
  return problems.filter(({ name }, index) => problems.findIndex((one) => one.name === name) === index);
}

/** The connection by that name, or the Functions host's own. */
function storage(given: Given, name: string, service: StorageService, within: string | undefined): ConnectionReading {
  const isGiven = (connection: string) => connectionSettingNames(connection).some((key) => given[key] !== undefined);
  if (isGiven(name)) return readStorageConnection(given, name, service, within);
  if (isGiven(hostStorage)) return readStorageConnection(given, hostStorage, service, within);
  const expected = `a storage connection string, a service URL with a SAS, or ${name}__accountName (default: the connection ${hostStorage}, which is not set either)`;
  return { problems: [{ name, expected }] };
}

/** Whether messages can be quarantined where the settings say. The checkpoint's own problems are reported with it. */
function quarantineReading(given: Given, checkpoint: ConnectionReading): ConnectionReading {
  const { QUARANTINE_CONTAINER: name = 'eventferry-quarantine', SOURCE_CONTAINER, ON_UNCONVERTIBLE } = given;
  const problem = (expected: string) => ({
    problems: [{ name: 'QUARANTINE_CONTAINER', given: shown(name), expected }],
  });
  if (name === SOURCE_CONTAINER) return problem('a container that is not the source, which is only ever read');
  const isTheCheckpoints = 'problems' in checkpoint;
  if (ON_UNCONVERTIBLE !== 'quarantine' || isTheCheckpoints || quarantineStorage(given, checkpoint.connection, name)) {
    return { problems: [] };
  }
  return problem('CHECKPOINT_STORAGE with a blob service too: a connection string, or CHECKPOINT_STORAGE__accountName');
}

/** The checkpoint's account, used for blobs. A URL, such as `serviceUri`, leads to the table service alone. */
function quarantineStorage(given: Given, checkpoint: StorageConnection, name: string): StorageConnection | undefined {
  if (checkpoint.kind === 'url') return undefined;
  if (checkpoint.kind === 'identity') return serviceUrl(checkpoint, 'blob') === undefined ? undefined : checkpoint;
  const reading = storage(given, 'CHECKPOINT_STORAGE', 'blob', name);
  return 'connection' in reading ? reading.connection : undefined;
}

function sourceOf(values: z.output<typeof sourceSchema>, storage: StorageConnection) {
  return {
    storage,
    container: values.SOURCE_CONTAINER,
    /** Goes into ids and marks. */
    id: values.SOURCE_ID ?? values.SOURCE_CONTAINER,
    onDamage: values.ON_DAMAGE,
    readRecords: values.READ_RECORDS,
    settleSeconds: values.SETTLE_SECONDS,
    listAllSeconds: values.LIST_ALL_SECONDS,
  };
}

function configOf(
  values: z.output<typeof settingsSchema>,
  given: Given,
  sourceStorage: StorageConnection,
  checkpointStorage: StorageConnection,
) {
  const source = sourceOf(values, sourceStorage);
  const sourceId = source.id;
  const quarantine = quarantineStorage(given, checkpointStorage, values.QUARANTINE_CONTAINER);
  return {
    source,
    convert: convertSettings({ ...values, SOURCE_ID: sourceId }),
    /** What becomes of messages that cannot become events. */
    quarantine: {
      onUnconvertible: values.ON_UNCONVERTIBLE,
      container: values.QUARANTINE_CONTAINER,
      /** Absent when the checkpoint's connection names no blob service; never while messages are quarantined. */
      ...(quarantine && { storage: quarantine }),
    },
    target: {
      connectionString: values.EVENTSTORE_CONNECTION_STRING,
      ...(values.EVENTSTORE_TLS_CA !== undefined && { tlsCa: values.EVENTSTORE_TLS_CA }),
      stream: values.TARGET_STREAM ?? sourceId,
      /** Another source id means another stream then. */
      isNamedByTheSource: values.TARGET_STREAM === undefined,
      appendBytes: values.APPEND_BYTES,
    },
    checkpoint: { storage: checkpointStorage, table: values.CHECKPOINT_TABLE },
    run: {
      seconds: values.RUN_SECONDS,
      whenCaughtUp: values.WHEN_CAUGHT_UP,
      idlePollMs: values.IDLE_POLL_MS,
      emptySourceWaitSeconds: values.EMPTY_SOURCE_WAIT_SECONDS,
      outageWaitSeconds: values.OUTAGE_WAIT_SECONDS,
      schedule: values.REPLICATION_SCHEDULE,
    },
    telemetry: telemetryOf(values),
    /** Where people are told, beside log and telemetry; both are secrets. */
    notify: {
      ...(values.NOTIFY_WEBHOOK_URL !== undefined && { webhookUrl: values.NOTIFY_WEBHOOK_URL }),
      ...(values.HEARTBEAT_URL !== undefined && { heartbeatUrl: values.HEARTBEAT_URL }),
    },
  };
}
