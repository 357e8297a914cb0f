/**
 * Every name under which Eventferry can be observed. `docs/telemetry.md` is made of it, and queries and alerts may use
 * no other name. Attributes have few values: source, stream, and where it says so a kind, outcome or end.
 */

interface Instrument {
  readonly type: 'counter' | 'histogram' | 'gauge';
  /** UCUM, as OpenTelemetry has it. */
  readonly unit: string;
  readonly meaning: string;
  /** An attribute beside source and stream. */
  readonly attribute?: string;
}

export const metrics = {
  'eventferry.events.appended': {
    type: 'counter',
    unit: '{event}',
    meaning: 'Events that the target has acknowledged.',
  },
  'eventferry.bytes.appended': {
    type: 'counter',
    unit: 'By',
    meaning:
      'Bytes of these events, as the server counts an append: data, metadata, and two for each UTF-16 unit of the type.',
  },
  'eventferry.records.read': { type: 'counter', unit: '{record}', meaning: 'Records read from the source.' },
  'eventferry.pass.duration': {
    type: 'histogram',
    unit: 's',
    meaning: 'How long a pass took; its outcome is `good`, or the kind of failure that ended it.',
    attribute: 'outcome',
  },
  'eventferry.append.duration': {
    type: 'histogram',
    unit: 's',
    meaning: 'From the sending of an append to its acknowledgement.',
  },
  'eventferry.appends.in_flight': {
    type: 'gauge',
    unit: '{append}',
    meaning: 'Appends sent and not acknowledged yet.',
  },
  'eventferry.lag.events': {
    type: 'gauge',
    unit: '{event}',
    meaning: 'Events behind the source; exact within its last chunk, else an estimate.',
  },
  'eventferry.lag.bytes': {
    type: 'gauge',
    unit: 'By',
    meaning: 'Bytes behind the source; exact within its last chunk, before that with the zeros at the ends of chunks.',
  },
  'eventferry.lag.seconds': {
    type: 'gauge',
    unit: 's',
    meaning: 'Since the oldest bytes that are not confirmed yet were first seen.',
  },
  'eventferry.staleness': {
    type: 'gauge',
    unit: 's',
    meaning:
      'Since replication was last known to be well: since something was confirmed, or the source was seen to hold ' +
      'nothing more. Rises while anything hangs.',
  },
  'eventferry.caught_up': {
    type: 'gauge',
    unit: '1',
    meaning: '1 once the stream has ever reached the head of the source, before that 0.',
  },
  'eventferry.outage': { type: 'gauge', unit: '1', meaning: '1 during an outage, else 0.' },
  'eventferry.stopped': { type: 'gauge', unit: '1', meaning: '1 while a person must decide, else 0.' },
  'eventferry.quarantined': {
    type: 'counter',
    unit: '{message}',
    meaning: 'Messages that were set aside in place of an event.',
  },
  'eventferry.storage.calls': {
    type: 'counter',
    unit: '{call}',
    meaning: 'Calls to storage, tried again or not: `read` or `list` of blobs, `write` of one, `table`.',
    attribute: 'kind',
  },
  'eventferry.retries': {
    type: 'counter',
    unit: '{try}',
    meaning: 'Failures after which Eventferry tries again, by kind.',
    attribute: 'kind',
  },
  'eventferry.runs': {
    type: 'counter',
    unit: '{run}',
    meaning: 'Runs that are over, by how they ended: a reason, or the kind of failure.',
    attribute: 'end',
  },
} as const satisfies Record<`eventferry.${string}`, Instrument>;

type Named<T extends Instrument['type']> = {
  [K in keyof typeof metrics]: (typeof metrics)[K]['type'] extends T ? K : never;
}[keyof typeof metrics];

export type CounterName = Named<'counter'>;
export type HistogramName = Named<'histogram'>;
export type GaugeName = Exclude<Named<'gauge'>, 'eventferry.staleness'>;

/** The spans of a run's trace. */
export const spans = {
  run: 'A whole run, child of the request that the host made for the invocation.',
  resume: 'Finding out where replication stands.',
  read: 'Reading one batch of records.',
  append: 'One append, from its sending to its acknowledgement.',
  checkpoint: 'Writing the checkpoint row.',
} as const;

export type SpanName = keyof typeof spans;

/** The log's events, by level and name. */
export const events = {
  'outage-began': 'error: the first failed pass. Told once.',
  'outage-ended': 'error: the first good pass after an outage. Told once.',
  stopped: 'error: a person must decide. Told once per cause.',
  'run-failed': 'error: a run that could not tell people itself: wrong settings, or overdue.',
  'outage-goes-on': 'warning: a further failed pass.',
  'still-stopped': 'warning: a further run that found the same cause.',
  'another-runner': 'warning: the stream is left to another runner.',
  'append-call-lost': 'warning: a call that carries appends broke off.',
  'checkpoint-not-saved': 'warning: the row could not be written; nothing depends on it.',
  'checkpoint-far-behind': 'warning: the row is too far behind the stream to catch up on what was appended since.',
  'notice-not-sent': 'warning: what people were to be told could not be posted to `NOTIFY_WEBHOOK_URL`.',
  'heartbeat-not-heard': 'warning: `HEARTBEAT_URL` did not answer; once until it does.',
  'connection-option-ignored': 'warning: a part of the connection string has no effect.',
  'message-set-aside': 'warning: a message is in quarantine.',
  'target-restored': 'warning: the stream ends before what was confirmed: it was restored.',
  'source-chunks-vanished': 'warning: chunks that were read are gone.',
  'source-damage-passed': 'warning: bytes were passed over, as `ON_DAMAGE` says.',
  'source-gap-passed': 'warning: a gap was passed, as `ON_DAMAGE` says.',
  'source-waits-for-torn-frame':
    'warning: an unfinished frame, with a later chunk behind it, is waited for. Told once for each frame in a process.',
  'source-torn-frame': 'warning: an unfinished frame was passed over.',
  examined: 'information, or warning: what `eventferry doctor` found beside the first run of a worker.',
  resume: 'information: something unclear; the target is asked where it is.',
  'run-ended': 'information: one line at the end of each run.',
  'run-under-way': 'information: an invocation found another one at work.',
  'stop-cleared': 'information: the cause of a stop is gone.',
} as const;
