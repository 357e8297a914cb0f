import type { CheckpointRow, FailureNote, LagNote, RunNote } from '../../checkpoint/row.js';
import { asFailure, Failure, type FailureKind } from '../../core/failure.js';
import { beginning } from '../../core/cursor.js';
import { unlessAborted } from '../../core/time.js';
import type { ChunkMap, SourceLag } from '../../source/source.js';
import type { Retention, Tail } from '../../target/target.js';
import { isOngoing, lagAt, runProblems, staleness, tailProblems } from './health.js';
import { failureNote } from './incidents.js';
import { otherStreams } from './otherStreams.js';
import type { Parts } from '../parts.js';
import { ownMark } from '../resume/ownership.js';

/** What of a run's note is shown as it is, where it is there. */
const shown = ['recentRuns', 'examination', 'stop', 'lastError'] as const;
const shownOfRun = ['runner', 'startedAt', 'refreshedAt', 'endedAt', 'single', 'movedAt', 'caughtUpAt'] as const;

/** What there is to see; plain JSON, without secrets. Times are ISO 8601, UTC. */
export interface Status extends Pick<RunNote, (typeof shown)[number] | 'outage'> {
  readonly healthy: boolean;
  /** One sentence for each thing that is wrong, with the next step. */
  readonly problems: readonly string[];
  readonly source: {
    readonly id: string;
    readonly head?: SourceLag['head'];
    readonly map?: ChunkMap;
    readonly error?: FailureNote;
  };
  readonly target: {
    readonly stream: string;
    readonly state?: Tail['kind'];
    readonly revision?: number;
    /** The position that the tail's mark names; absent when the tail is not ours. */
    readonly position?: number;
    readonly retention?: Retention;
    readonly error?: FailureNote;
  };
  readonly checkpoint: {
    readonly confirmedPosition?: number;
    readonly confirmedRevision?: number;
    readonly chunk?: string;
    readonly offset?: number;
    readonly generation?: number;
    readonly error?: FailureNote;
  };
  readonly lag?: LagNote;
  /**
   * Seconds since replication was last known to be well: since something was confirmed, or everything was. Absent before
   * the first run.
   */
  readonly staleSeconds?: number;
  readonly run?: Pick<RunNote, (typeof shownOfRun)[number]>;
  /** Messages that were set aside; present while `ON_UNCONVERTIBLE` is `quarantine`. */
  readonly quarantine?: {
    readonly container: string;
    /** How many are kept; counted up to a thousand. */
    readonly messages?: number;
    readonly error?: FailureNote;
  };
  readonly warnings: readonly string[];
}

const maxCounted = 1_000;

/**
 * Asks the checkpoint, the source and the target; what cannot be reached is part of the answer. When the signal is
 * aborted the answer comes at once: what has not answered by then does not answer. Never throws.
 */
export async function status(parts: Parts, signal: AbortSignal): Promise<Status> {
  const [tail, [row, head], quarantine, others] = await Promise.all([
    attempt('TargetUnreachable', 'The server', signal, () => parts.target.tail(parts.stream, signal)),
    rowAndHead(parts, signal),
    quarantineStatus(parts, signal),
    attempt('CheckpointUnreachable', 'The checkpoint table', signal, () => otherStreams(parts, signal)),
  ]);
  const now = parts.clock.now();
  const lag = head.value ? lagAt(head.value.lag, row.value?.run, now) : row.value?.run?.lag;
  const errors = [row.error, head.error, tail.error, quarantine?.error].filter((error) => error !== undefined);
  const problems = [
    ...errors.map(({ message, remedy }) => `${message} ${remedy}`),
    ...(errors.length === 0 ? tailProblems(tail.value, row.value, parts.stream) : []),
    ...(row.error ? [] : runProblems(row.value?.run, lag, now)),
  ];
  return {
    healthy: problems.length === 0,
    problems,
    source: { id: parts.sourceId, ...head.value?.facts, ...pick(head, ['error']) },
    target: { stream: parts.stream, ...tailFacts(tail.value, parts.sourceId), ...pick(tail, ['error']) },
    checkpoint: { ...checkpointFacts(row.value), ...pick(row, ['error']) },
    ...(lag && { lag }),
    ...staleness(row.value?.run, lag, now),
    ...runFacts(row.value?.run),
    ...(quarantine && { quarantine }),
    warnings: [
      ...warningsOf(tail.value),
      ...quarantineWarnings(quarantine),
      // A table that cannot be read is a problem already: see the row.
      ...(others.value ?? []).map(({ says, next }) => `${says} ${next}`),
    ],
  };
}

async function quarantineStatus({ quarantine }: Parts, signal: AbortSignal): Promise<Status['quarantine']> {
  if (!quarantine) return undefined;
  const { container } = quarantine;
  const counted = await attempt('QuarantineUnreachable', `Container ${container}`, signal, async () => {
    let messages = 0;
    for await (const kept of quarantine.list(signal)) if (kept && ++messages === maxCounted) break;
    return messages;
  });
  return { container, ...(counted.value !== undefined && { messages: counted.value }), ...pick(counted, ['error']) };
}

function quarantineWarnings(quarantine: Status['quarantine']): string[] {
  if (!quarantine?.messages) return [];
  const { container, messages } = quarantine;
  const count =
    messages === 1 ? '1 message is' : `${messages === maxCounted ? 'At least ' : ''}${messages} messages are`;
  return [`${count} kept in container ${container} in place of an event; \`eventferry quarantine list\` shows them.`];
}

/** The head is asked for from the row's cursor, to know what lies behind it. */
async function rowAndHead(parts: Parts, signal: AbortSignal) {
  const { checkpoint, source } = parts;
  const row = await attempt('CheckpointUnreachable', 'The checkpoint table', signal, () => checkpoint.load(signal));
  const cursor = row.value?.cursor ?? beginning;
  const look = async () => {
    const lag = await source.lag(cursor, signal);
    return { lag, facts: { head: lag.head, map: await source.chunkMap(cursor, signal) } };
  };
  // Aborted by now: then nothing can be said of the source.
  const head = signal.aborted ? {} : await attempt('SourceUnreachable', 'The container', signal, look);
  return [row, head] as const;
}

async function attempt<T>(
  kind: FailureKind,
  who: string,
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<{ readonly value?: T; readonly error?: FailureNote }> {
  const tooLate = new Failure(kind, `${who} did not answer in time.`);
  try {
    return { value: await unlessAborted(ask(), signal) };
  } catch (thrown) {
    return { error: failureNote(signal.aborted ? tooLate : asFailure(thrown)) };
  }
}

function tailFacts(tail: Tail | undefined, sourceId: string): Omit<Status['target'], 'stream'> {
  if (tail?.kind !== 'event') return tail ? { state: tail.kind } : {};
  const position = ownMark(tail.event, sourceId)?.position;
  return {
    state: 'event',
    revision: tail.event.revision,
    ...(position !== undefined && { position }),
    ...pick(tail, ['retention']),
  };
}

function checkpointFacts(row: CheckpointRow | undefined): Status['checkpoint'] {
  if (!row) return {};
  const { cursor, generation, confirmed } = row;
  const { chunk, offset } = cursor;
  return {
    chunk,
    offset,
    generation,
    ...(confirmed && { confirmedPosition: confirmed.mark.position, confirmedRevision: confirmed.revision }),
  };
}

function runFacts(run: RunNote | undefined): Pick<Status, 'run' | 'outage' | (typeof shown)[number]> {
  if (!run) return {};
  const outage = isOngoing(run.outage) && { outage: run.outage };
  return { run: pick(run, shownOfRun), ...pick(run, shown), ...outage };
}

/** The parts of these names that are there. */
function pick<T, K extends keyof T>(whole: T, names: readonly K[]): Pick<T, K> {
  const there = names.filter((name) => whole[name] !== undefined);
  return Object.fromEntries(there.map((name) => [name, whole[name]])) as Pick<T, K>;
}

function warningsOf(tail: Tail | undefined): string[] {
  if (tail?.kind !== 'event' || !tail.retention) return [];
  const { maxCount, maxAgeSeconds, truncateBefore } = tail.retention;
  const rules = [
    maxCount !== undefined && `$maxCount ${maxCount}`,
    maxAgeSeconds !== undefined && `$maxAge ${maxAgeSeconds} s`,
    truncateBefore !== undefined && `$tb ${truncateBefore}`,
  ].filter((rule) => rule !== false);
  return [`The target stream's metadata hides events (${rules.join(', ')}); remove it so that nothing is lost.`];
}
