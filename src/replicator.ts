import { CheckpointKeeper } from './checkpoint/keeper.js';
import type { CheckpointStore, LagSample } from './checkpoint/checkpoint.js';
import type { ExaminationNote } from './checkpoint/row.js';
import { TableCheckpoint } from './checkpoint/table.js';
import { tableLagHistory } from './checkpoint/lagTable.js';
import { notingStream, tableOfStreams } from './checkpoint/streamTable.js';
import type { Config } from './config/config.js';
import { convertSettingsOf } from './config/convertSettings.js';
import { createConvert } from './convert/convert.js';
import { createPlaceholder, quarantineFolder } from './convert/placeholder.js';
import { check, type DoctorInput } from './doctor/doctor.js';
import { checkNote, type Finding } from './doctor/finding.js';
import { IncidentNotices, type Channels } from './engine/report/notices.js';
import type { Parts } from './engine/parts.js';
import { preview, type PreviewedEvent } from './engine/preview.js';
import { run } from './engine/run.js';
import type { RunReport, RunTerms } from './engine/terms.js';
import { settingAside } from './engine/quarantining.js';
import { status, type Status } from './engine/report/status.js';
import { verifyStream, type VerifyOrder, type VerifyReport } from './verify/stream.js';
import { verifyTarget, type TargetReport } from './verify/targetOnly.js';
import { decide, type Decision, type DecisionPlan } from './engine/decisions.js';
import { Heartbeat } from './notify/heartbeat.js';
import { Webhook } from './notify/webhook.js';
import { checkTapes } from './source/views/check.js';
import { BlobQuarantine } from './quarantine/blobQuarantine.js';
import type { Quarantine } from './quarantine/quarantine.js';
import { tapeHistory } from './source/views/history.js';
import { inspectTapes, type Inspection } from './source/views/inspection.js';
import { lokadTapes } from './source/lokadTapes.js';
import { accountOf } from './storage/connection.js';
import { connectContainer } from './storage/container.js';
import type { TapeOptions } from './source/tapes.js';
import { deadlineMs } from './target/append/batchAppend.js';
import type { Target } from './target/target.js';
import { checkServer } from './target/connect/check.js';
import { silentLogger } from './core/logger.js';
import { iso } from './core/time.js';
import { observed, observedStore } from './observed.js';
import type { Runtime } from './runtime.js';
import type { Counting } from './telemetry/storageCalls.js';
import { noTelemetry } from './telemetry/telemetry.js';

/** What a caller decides about a run; everything else comes from the settings. */
export type RunOrder = Pick<RunTerms, 'stop' | 'whenCaughtUp' | 'onProgress' | 'outageTries' | 'outageTriesAtStart'> & {
  /** Time budget in ms; absent: as long as it takes. */
  readonly budgetMs?: number;
  /** W3C `traceparent` of the request that the run is part of. */
  readonly traceParent?: string | undefined;
  /** `fail`: an outage or another runner ends the run, and the caller's next tick is the wait. */
  readonly onOutage: 'wait' | 'fail';
};

/** Replicates one source into one target stream. Contacts nothing before the first call; its clients are kept. */
export interface Replicator {
  /** @throws Failure: a stop for a person, or an outage that is not waited for; people have been told by then. */
  run(order: RunOrder): Promise<RunReport>;
  /** Never throws: what cannot be reached, or has not answered when the signal is aborted, is part of the answer. */
  status(signal: AbortSignal): Promise<Status>;
  /** How the lag went in the last hours, oldest first; empty when the table cannot be read. Never throws. */
  history(signal: AbortSignal): Promise<readonly LagSample[]>;
  /** The events exactly as a run would append them now; writes nothing, not even a checkpoint. */
  preview(signal: AbortSignal): AsyncIterable<PreviewedEvent>;
  /** What a decision after a stop would do. @throws Failure `NotApplicable` */
  decide(decision: Decision, signal: AbortSignal): Promise<DecisionPlan>;
  /** Compares what the target stream holds with what the source holds. Writes nothing. @throws Failure */
  verify(order: VerifyOrder): Promise<VerifyReport>;
  /** Checks the target stream against itself, without the source. Writes nothing. @throws Failure */
  verifyTarget(order: VerifyOrder): Promise<TargetReport>;
  /** Looks at everything that a run needs, check by check. Writes nothing anywhere, never throws. */
  examine(signal: AbortSignal): AsyncIterable<Finding>;
  /** The same, noted in the checkpoint row; a run that is under way writes it with its own notes. Never throws. */
  examineOnce(signal: AbortSignal): Promise<ExaminationNote>;
  /** The messages that were set aside; undefined when the checkpoint's connection names no blob service. */
  readonly quarantine: Quarantine | undefined;
  /** Ends every connection; appends in flight are given up, with unknown outcome. Never throws. */
  close(): Promise<void>;
}

/** Builds a replicator from its settings and what the process shares. */
export function createReplicator(config: Config, runtime: Runtime): Replicator {
  const { clock, logger } = runtime;
  const named = { source: config.source.id, stream: config.target.stream };
  const store = new TableCheckpoint({ ...config.checkpoint, ...named });
  const history = tableLagHistory({ ...config.checkpoint, ...named });
  const streams = tableOfStreams({ ...config.checkpoint, ...named }, containerNameOf(config.source));
  const target = runtime.connect(config.target);
  const tapes = tapesOf(config.source, runtime);
  const quarantine = quarantineOf(config);
  const conversion = conversionOf(config, target, quarantine);
  const parts = (checkpoints: CheckpointStore, source = lokadTapes(tapes)): Parts => ({
    source,
    ...conversion,
    target,
    checkpoint: new CheckpointKeeper(checkpoints, clock, { ...named, settings: config.convert.settingsByName }),
    history,
    ...(config.target.isNamedByTheSource && { streams }),
    clock,
    logger,
    telemetry: noTelemetry,
    sourceId: named.source,
    stream: named.stream,
    settingsDigest: config.convert.settings,
    settingsByName: config.convert.settingsByName,
  });
  const telemetry = runtime.measuring(named);
  const { during, duringEach } = runtime.counting(telemetry);
  // The runs of one process follow each other and keep what they know; who only looks must not disturb them.
  const kept = notingStream(store, streams);
  const observedParts = telemetry ? observed(parts(observedStore(kept, telemetry)), telemetry) : parts(kept);
  const notices = new IncidentNotices(observedParts, channelsOf(config, runtime));
  const running = { ...observedParts, notices };
  const looking = lokadTapes(tapes);

  let runs = 0;
  const examine = (signal: AbortSignal): AsyncGenerator<Finding> =>
    examination({ config, tapes, checkpoints: store, parts: parts(readOnly(store)), clock }, signal);
  const examineOnce = async (signal: AbortSignal): Promise<ExaminationNote> => {
    const findings: Finding[] = [];
    for await (const finding of examine(signal)) findings.push(finding);
    const note = checkNote(findings, iso(clock.now()));
    running.checkpoint.patchRun({ examination: note });
    if (runs === 0) await running.checkpoint.save(signal).catch(() => undefined);
    return note;
  };
  const runOnce = async (order: RunOrder): Promise<RunReport> => {
    runs += 1;
    try {
      return await running.telemetry.trace(order.traceParent, () => run(running, termsOf(order, config)));
    } finally {
      runs -= 1;
    }
  };
  const verify = (order: VerifyOrder): Promise<VerifyReport> => {
    const options = { convertOptions: config.convert, optionsOf: convertSettingsOf };
    const reading = { ...parts(readOnly(store)), sourceHistory: tapeHistory(tapes), quarantine, ...options };
    return verifyStream(reading, order, new AbortController().signal);
  };

  return {
    run: (order) => during(() => runOnce(order)),
    status: (signal) => during(() => status(parts(store, looking), signal)),
    history: (signal) => during(() => history.recent(signal).catch(() => [])),
    preview: (signal) => duringEach(() => preview(parts(readOnly(store)), signal)),
    decide: (decision, signal) => during(() => decide(decision, parts(store), signal)),
    verify: (order) => during(() => verify(order)),
    verifyTarget: (order) => during(() => verifyTarget(parts(readOnly(store)), order, new AbortController().signal)),
    examine: (signal) => duringEach(() => examine(signal)),
    examineOnce: (signal) => during(() => examineOnce(signal)),
    quarantine: quarantine && counted(quarantine, { during, duringEach }),
    close: async () => void (await Promise.all([notices.close(), target.close()])),
  };
}

/** Everything that a run needs, looked at with connections of its own. */
async function* examination(
  { tapes, parts, ...subject }: Omit<DoctorInput, 'source' | 'server'> & { readonly tapes: TapeOptions },
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const server = checkServer(subject.config.target, subject.clock);
  try {
    const source = checkTapes({ ...tapes, logger: silentLogger });
    yield* check({ ...subject, source, server, parts: { ...parts, logger: silentLogger } }, signal);
  } finally {
    server.close();
  }
}

/** A look at the source alone, which needs none of the other settings. Contacts nothing before the first call. */
export function createInspection(source: Config['source'], runtime: Runtime): Inspection {
  return inspectTapes(tapesOf(source, runtime));
}

function tapesOf(source: Config['source'], { clock, logger }: Runtime): TapeOptions {
  return { ...source, container: connectContainer(source.storage, source.container), clock, logger };
}

/** Tells containers of different accounts apart. */
function containerNameOf({ storage, container }: Config['source']): string {
  return `${accountOf(storage)}/${container}`;
}

/** Where people are told beside the log. */
function channelsOf({ notify: { webhookUrl, heartbeatUrl } }: Config, { clock, logger }: Runtime): Channels {
  return {
    ...(webhookUrl !== undefined && { webhook: new Webhook({ url: webhookUrl, clock, logger }) }),
    ...(heartbeatUrl !== undefined && { heartbeat: new Heartbeat({ url: heartbeatUrl, clock, logger }) }),
  };
}

/** Where messages are kept, or would be; undefined when the checkpoint's connection cannot keep any. */
function quarantineOf({ quarantine: { storage, container }, source }: Config): Quarantine | undefined {
  return storage && new BlobQuarantine(connectContainer(storage, container), quarantineFolder(source.id));
}

function counted(quarantine: Quarantine, { during, duringEach }: Counting): Quarantine {
  return {
    container: quarantine.container,
    keep: (message, signal) => during(() => quarantine.keep(message, signal)),
    list: (signal) => duringEach(() => quarantine.list(signal)),
    read: (name, signal) => during(() => quarantine.read(name, signal)),
  };
}

/** How records become events, and where messages go that cannot. */
function conversionOf(
  { convert, quarantine: { onUnconvertible } }: Config,
  target: Target,
  quarantine: Quarantine | undefined,
): Pick<Parts, 'convert' | 'quarantine'> {
  if (onUnconvertible === 'stop') return { convert: createConvert(convert) };
  const placeholder = createPlaceholder(convert.sourceId, convert.settings);
  return { convert: settingAside(createConvert({ ...convert, placeholder }), placeholder, target), quarantine };
}

function termsOf({ onOutage, ...order }: RunOrder, { run, target }: Config): RunTerms {
  return {
    ...order,
    idlePollMs: run.idlePollMs,
    emptySourceWaitMs: run.emptySourceWaitSeconds * 1000,
    ...(onOutage === 'wait' && { outageWaitMs: run.outageWaitSeconds * 1000 }),
    appendDeadlineMs: deadlineMs(target.appendBytes),
  };
}

/** A store that takes what it is given and keeps nothing. */
function readOnly(store: CheckpointStore): CheckpointStore {
  return {
    load: (signal) => store.load(signal),
    insert: (row) => Promise.resolve({ row, etag: '' }),
    replace: (row, etag) => Promise.resolve({ row, etag }),
  };
}
