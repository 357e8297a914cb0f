/**
 * The kinds of failure and the one table that says what is done about each. Code that finds something wrong throws a
 * {@link Failure} with facts; only the engine looks at the table and acts.
 */

/** What the engine does about a failure. */
export type Policy =
  /** Drop all state and resume at once; the same failure twice in a row becomes an outage. */
  | 'resume'
  /** Wait and try again; people are told once when the outage begins and once when it ends. */
  | 'wait'
  /** Another runner is at work: leave the stream to it. */
  | 'yield'
  /** A person must decide; nothing is appended. */
  | 'stop'
  /** The settings or the command line are wrong; nothing was contacted. */
  | 'usage';

const readsTheEnd = 'Nothing to do: Eventferry reads the end of the stream and continues from there.';
const restoreOrNewStream = 'Restore what was lost, or replicate from the beginning into a new TARGET_STREAM.';
const restoreSourceOrNewStream = 'Restore the container as it was, or replicate into a new TARGET_STREAM.';
const acceptChunk =
  'Look at the chunk with `eventferry inspect`; `eventferry accept --chunk NAME` reads it now, after everything that was read before.';

/** Every kind of failure, what is done about it, and the remedy that a person is shown. */
export const rules = {
  AppendUncertain: { policy: 'resume', remedy: readsTheEnd },
  WrongExpectedRevision: { policy: 'resume', remedy: readsTheEnd },
  CheckpointMoved: { policy: 'resume', remedy: 'Nothing to do: Eventferry reads the checkpoint row again.' },
  AppendTooLarge: {
    policy: 'resume',
    remedy: 'Nothing to do: Eventferry splits the batch by the limit that the server named.',
  },
  SourceUnreachable: { policy: 'wait', remedy: 'Check that the container exists and that this identity may read it.' },
  SourceIncomplete: {
    policy: 'wait',
    remedy: 'Wait until the copy has finished; start it again if it was aborted or failed.',
  },
  SourceUnsettled: {
    policy: 'wait',
    remedy:
      'Find the writer that keeps rewriting this blob, and stop it. Reading goes on by itself once the frame is finished ' +
      'or its bytes have not changed for SETTLE_SECONDS.',
  },
  CheckpointUnreachable: { policy: 'wait', remedy: 'Check the checkpoint table and that this identity may write it.' },
  QuarantineUnreachable: { policy: 'wait', remedy: 'Check QUARANTINE_CONTAINER and that this identity may write it.' },
  TargetUnreachable: {
    policy: 'wait',
    remedy: 'Check that the server runs and that its port can be reached from here.',
  },
  TargetTlsRefused: {
    policy: 'wait',
    remedy: 'Check the certificate of the server, the names in it, and EVENTSTORE_TLS_CA.',
  },
  TargetAccessDenied: { policy: 'wait', remedy: 'Check the user and password of EVENTSTORE_CONNECTION_STRING.' },
  TargetRefused: {
    policy: 'wait',
    remedy: 'Look at the log of the server: the server answers but refuses the request.',
  },
  RunOverdue: { policy: 'wait', remedy: 'Look at the last log lines: the run did not end within its time budget.' },
  Unexpected: { policy: 'wait', remedy: 'This is a defect: report it with the stack in the log.' },
  AnotherRunner: {
    policy: 'yield',
    remedy: 'Nothing to do if a second runner is intended; otherwise stop one of them.',
  },
  TargetConflict: {
    policy: 'stop',
    remedy:
      'Find the other writer and stop it. If the last event of the stream is foreign, or a copy of an earlier one, `eventferry accept --revision N` continues after it; otherwise replicate into a new TARGET_STREAM.',
  },
  TargetLost: {
    policy: 'stop',
    remedy: 'Check TARGET_STREAM and the server; `eventferry rewind` replicates again from the beginning.',
  },
  TargetTruncated: { policy: 'stop', remedy: restoreOrNewStream },
  TargetDeleted: { policy: 'stop', remedy: restoreOrNewStream },
  SettingsChanged: {
    policy: 'stop',
    remedy: 'Set them back, or continue with the new ones: `eventferry accept settings`.',
  },
  SourceReordered: { policy: 'stop', remedy: acceptChunk },
  SourceForked: { policy: 'stop', remedy: acceptChunk },
  SourceGap: { policy: 'stop', remedy: acceptChunk },
  SourceMixed: {
    policy: 'stop',
    remedy:
      'Give the chunks of one variant a container of their own, and replicate each container into a stream of its own ' +
      '(or one after the other).',
  },
  SourceCorrupt: {
    policy: 'stop',
    remedy: 'Repair the chunk from a copy (`eventferry inspect` shows it), or set ON_DAMAGE to skip or salvage.',
  },
  SourceReplaced: { policy: 'stop', remedy: restoreSourceOrNewStream },
  SourceTruncated: { policy: 'stop', remedy: restoreSourceOrNewStream },
  EventTooLarge: {
    policy: 'stop',
    remedy:
      'Where the limit is one of an event or an append, raise it on the server and in APPEND_BYTES. Otherwise set ' +
      'ON_UNCONVERTIBLE to quarantine.',
  },
  Unconvertible: {
    policy: 'stop',
    remedy:
      'Look at the record with `eventferry inspect --position N`; map its type, or set ON_UNCONVERTIBLE to quarantine.',
  },
  NewerSchema: { policy: 'stop', remedy: 'A newer Eventferry wrote this; run that version.' },
  NotApplicable: { policy: 'usage', remedy: '`eventferry status` shows whether there is a decision to make.' },
  SettingsInvalid: { policy: 'usage', remedy: 'Correct the settings named.' },
} as const satisfies Record<string, { readonly policy: Policy; readonly remedy: string }>;

/** The name of a kind of failure: stable, shown to people and used by alerts. */
export type FailureKind = keyof typeof rules;

/** The kinds that a person must decide on. */
export type StopKind = {
  [K in FailureKind]: (typeof rules)[K]['policy'] extends 'stop' ? K : never;
}[FailureKind];

/**
 * Something went wrong. The message is one sentence that names the object; `facts` are for programs. Neither holds a
 * secret.
 */
export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly facts: Readonly<Record<string, unknown>> = {},
    private readonly options: { readonly cause?: unknown; readonly remedy?: string } = {},
  ) {
    super(message, options);
  }

  get policy(): Policy {
    return rules[this.kind].policy;
  }

  /** What a person can do: that of the kind, unless this failure has its own. */
  get remedy(): string {
    return this.options.remedy ?? rules[this.kind].remedy;
  }
}

/** Turns anything thrown into a {@link Failure}; any other error is `Unexpected`. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Failure('Unexpected', message, {}, { cause: thrown });
}
