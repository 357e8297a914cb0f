import { X509Certificate } from 'node:crypto';
import { z } from 'zod';

import { isNcrontab } from './schedule.js';

/** What people are told about a setting. */
export interface About {
  readonly meaning: string;
  /** What a right value looks like; shown when one is wrong. */
  readonly expected: string;
  /** In words, where it is not a plain value. */
  readonly defaultText?: string;
  readonly unit?: string;
  /** Decides what is written: a change stops replication until it is accepted. */
  readonly inDigest?: true;
  /** Never shown. */
  readonly secret?: true;
}

const about = z.registry<About>();

/** A setting that must be given. */
function required<S extends z.ZodType>(schema: S, words: About): S {
  about.add(schema, words);
  return schema;
}

/** A setting that may be left out and then is absent, or takes the default that its words name from elsewhere. */
function optional<S extends z.ZodType>(schema: S, words: About): z.ZodOptional<S> {
  const setting = schema.optional();
  about.add(setting, { defaultText: 'none', ...words });
  return setting;
}

/** A setting with a default, written as a person would write it. */
function withDefault<S extends z.ZodType<unknown, string>>(schema: S, text: string, words: About): z.ZodPrefault<S> {
  const setting = schema.prefault(text as z.core.input<S>);
  about.add(setting, { defaultText: text === '' ? 'none' : `\`${text}\``, ...words });
  return setting;
}

function wholeNumber(from: number, to: number, standard: number, words: Omit<About, 'expected'>) {
  const schema = z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().min(from).max(to));
  return withDefault(schema, String(standard), { expected: `a whole number from ${from} to ${to}`, ...words });
}

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

/** `from=to` pairs; the last `=` divides, for a contract name may hold one. */
const pairs = list.pipe(
  z
    .array(z.string().regex(/^.+=[^=$][^=]*$/))
    .transform((items) => items.map((item) => [dividedAt(item, 'from'), dividedAt(item, 'to')] as const))
    // The digest of the settings does not know which of two came last.
    .refine((items) => new Set(items.map(([from]) => from)).size === items.length),
);

function dividedAt(item: string, side: 'from' | 'to'): string {
  const at = item.lastIndexOf('=');
  return (side === 'from' ? item.slice(0, at) : item.slice(at + 1)).trim();
}

const container = z.string().regex(/^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/);
const containerExpected = 'a container name: 3 to 63 lower-case letters, digits and single hyphens';

const name = z.string().regex(/^(?!\$)[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?$/);
const nameExpected = 'at most 200 printable ASCII characters, the first not $';

const eventStoreUrl =
  /^(?:esdb|kurrentdb|kurrent|kdb)(?:\+discover)?:\/\/(?:[^:@/]+:[^@/]+@)?[^\s@/?#:,]+(?::\d{1,5})?(?:,[^\s@/?#:,]+(?::\d{1,5})?)*\/?(?:\?[^=&?]+=[^&?]+(?:&[^=&?]+=[^&?]+)*)?$/;

/** PEM as it is, with its line ends written as `\n`, or as base64. */
const certificate = z.string().transform((text, context) => {
  const pem = text.includes('-----BEGIN') ? text.replaceAll('\\n', '\n') : Buffer.from(text, 'base64').toString('utf8');
  try {
    new X509Certificate(pem);
    return pem;
  } catch {
    context.addIssue('not a certificate');
    return z.NEVER;
  }
});

/** A user and password in it would have to be sent in another way. */
const webUrl = z.url({ protocol: /^https?$/ }).regex(/^[^/]*\/\/[^/?#@]*(?:[/?#]|$)/);
const webUrlExpected = 'a URL that starts with https:// (or http://), without user and password';

/** A start takes a second of a run to see that a stream is absent: with much less than this nothing might ever be read. */
export const runSeconds = { least: 5, most: 240 } as const;

/** The bounds of one append, which has the longer the more it carries: the host's time limit must hold the longest. */
export const appendBytes = { least: 4096, most: 16_000_000 } as const;

/** Every setting but the storage connections, which Azure spreads over several names (see `storageSettings.ts`). */
export const settingsSchema = z.object({
  SOURCE_CONTAINER: required(container, { meaning: 'The container that is the source.', expected: containerExpected }),
  SOURCE_ID: optional(name, {
    meaning:
      'Names the source in event ids and marks; must survive a move of the container, and cannot change for a stream.',
    defaultText: "the container's name",
    expected: nameExpected,
    inDigest: true,
  }),
  EXCLUDE_KEYS: withDefault(list, 'audit', {
    meaning: 'Keys whose records make no event, comma-separated; set to nothing, every key makes events.',
    expected: 'keys, comma-separated',
    inDigest: true,
  }),
  ON_DAMAGE: withDefault(z.enum(['stop', 'skip', 'salvage']), 'stop', {
    meaning:
      'What a damaged frame does: `stop` for a person, `skip` the rest of its chunk as the original reader does, or `salvage` what follows it. Unless it is `stop`, a gap between chunks is only reported too.',
    expected: 'stop, skip or salvage',
  }),
  ON_UNCONVERTIBLE: withDefault(z.enum(['stop', 'quarantine']), 'stop', {
    meaning:
      'What a message does that cannot become an event (too large, or without a usable type): `stop` for a person, or `quarantine`: it is kept in a blob, and an event that says so takes its place.',
    expected: 'stop or quarantine',
  }),
  QUARANTINE_CONTAINER: withDefault(container, 'eventferry-quarantine', {
    meaning: "The container, in the checkpoint's account, that keeps such messages; created when it is needed.",
    expected: containerExpected,
  }),
  BODY_MODE: withDefault(z.enum(['auto', 'raw']), 'auto', {
    meaning:
      '`auto` undoes the pretty-printing of the original writer where that loses nothing, so that bodies are JSON; `raw` never touches a body.',
    expected: 'auto or raw',
    // guard: settings-in-the-digest
    inDigest: true,
  }),
  TYPE_MAP: withDefault(pairs, '', {
    meaning: 'Event types by contract name: `contract=type`, comma-separated.',
    expected: 'contract=type, comma-separated; each contract once, no type starts with $',
    inDigest: true,
  }),
  STRIP_NAMESPACES: withDefault(list, '', {
    meaning: 'Namespaces that are taken off the front of contract names, comma-separated.',
    expected: 'namespaces, comma-separated',
    inDigest: true,
  }),
  CHECKPOINT_TABLE: withDefault(z.string().regex(/^(?!tables$)[A-Za-z][A-Za-z0-9]{2,62}$/i), 'eventferry', {
    meaning: 'The table that holds the checkpoint; created when it is missing.',
    expected: 'a table name: a letter, then 2 to 62 letters and digits',
  }),
  EVENTSTORE_CONNECTION_STRING: required(z.string().regex(eventStoreUrl), {
    meaning: 'The server: `esdb://`, `kurrentdb://`, `kurrent://` or `kdb://`, each also with `+discover`.',
    expected: 'esdb://USER:PASSWORD@HOST:PORT?tls=true (or kurrentdb, kurrent, kdb; each also with +discover)',
    secret: true,
  }),
  EVENTSTORE_TLS_CA: optional(certificate, {
    meaning: 'The certificate authority to trust for the server, as PEM or as base64 of the PEM file.',
    expected: 'a certificate as PEM, or base64 of one',
    secret: true,
  }),
  TARGET_STREAM: optional(name, {
    meaning:
      'The stream that events are appended to. Where it is not set, another `SOURCE_ID` begins another stream; `doctor` and `status` name the one that the container filled before.',
    defaultText: 'the source id',
    expected: nameExpected,
  }),
  APPEND_BYTES: wholeNumber(appendBytes.least, appendBytes.most, 1_048_576, {
    meaning: 'The most that one append carries, counted as the server counts it; not above its own limit.',
    unit: 'bytes',
  }),
  REPLICATION_SCHEDULE: withDefault(z.string().refine(isNcrontab), '0 * * * * *', {
    meaning:
      'When the timer runs (NCRONTAB, UTC). `status` calls three minutes without a run a problem, and the alert `no-successful-run` goes off when none ends well within fifteen.',
    expected: 'an NCRONTAB expression of 5 or 6 fields',
  }),
  RUN_SECONDS: wholeNumber(runSeconds.least, runSeconds.most, 60, {
    meaning: "Time budget of one timer run; the timer's interval, so that runs follow each other without a gap.",
    unit: 'seconds',
  }),
  WHEN_CAUGHT_UP: withDefault(z.enum(['wait', 'exit']), 'wait', {
    meaning: '`wait` polls on until the budget ends, `exit` ends the run.',
    expected: 'wait or exit',
  }),
  IDLE_POLL_MS: wholeNumber(1, 60_000, 500, { meaning: 'Between polls when caught up.', unit: 'milliseconds' }),
  EMPTY_SOURCE_WAIT_SECONDS: wholeNumber(1, 3600, 30, {
    meaning: 'Between looks at a source without records.',
    unit: 'seconds',
  }),
  OUTAGE_WAIT_SECONDS: wholeNumber(1, 3600, 60, {
    meaning: "Between tries during an outage; the timer's next tick is its wait.",
    unit: 'seconds',
  }),
  READ_RECORDS: wholeNumber(1, 100_000, 10_000, { meaning: 'The most records in one batch.' }),
  SETTLE_SECONDS: wholeNumber(0, 3600, 60, {
    meaning:
      'How long the bytes of a torn frame, at the end of a chunk that is not the last, must stay the same before the frame is passed over.',
    unit: 'seconds',
  }),
  LIST_ALL_SECONDS: wholeNumber(1, 86_400, 300, {
    meaning: 'Between full listings of the container, which find chunks that appeared before the cursor.',
    unit: 'seconds',
  }),
  NOTIFY_WEBHOOK_URL: optional(webUrl, {
    meaning:
      'Gets a message when an outage begins or ends and when a person must decide: an incoming webhook of Slack or Teams, or any address that takes JSON.',
    expected: webUrlExpected,
    secret: true,
  }),
  HEARTBEAT_URL: optional(webUrl, {
    meaning:
      'Gets a GET request after each good run, and at most once a minute during a run: the service there reports when the requests stop.',
    expected: webUrlExpected,
    secret: true,
  }),
  APPLICATIONINSIGHTS_CONNECTION_STRING: optional(z.string().regex(/(?:^|;)\s*InstrumentationKey=/i), {
    meaning: 'Sends metrics, traces and log lines to this Application Insights resource.',
    expected: 'a connection string of Application Insights (InstrumentationKey=...)',
    secret: true,
  }),
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: optional(z.string().regex(/(?:^|;)\s*Authorization=AAD(?:;|$)/i), {
    meaning:
      'Proves with a managed identity who sends it, as the Functions host reads it: `ClientId=ID;Authorization=AAD`, or `Authorization=AAD` for the system-assigned one.',
    expected: 'ClientId=ID;Authorization=AAD, or Authorization=AAD',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(z.url({ protocol: /^https?$/ }), {
    meaning: 'Sends metrics, traces and log lines to this OpenTelemetry collector (OTLP over HTTP).',
    expected: 'a URL, such as http://localhost:4318',
  }),
  OTEL_SERVICE_NAME: withDefault(z.string().min(1), 'eventferry', {
    meaning: 'Names this program in telemetry.',
    expected: 'a name',
  }),
});

export type SettingName = keyof typeof settingsSchema.shape;

/** What people are told about each setting, in the order of the page. */
export const settings: Readonly<Record<SettingName, About>> = Object.fromEntries(
  Object.entries(settingsSchema.shape).map(([key, schema]) => [key, about.get(schema)]),
) as Record<SettingName, About>;
