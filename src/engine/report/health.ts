import type { CheckpointRow, LagNote, OutageNote, RunNote } from '../../checkpoint/row.js';
import { rules, type StopKind } from '../../core/failure.js';
import type { SourceLag } from '../../source/source.js';
import type { Tail } from '../../target/target.js';

/** A waiting run refreshes its row every minute: three without a word mean that nothing runs. */
export const silentAfterMs = 3 * 60_000;
/** With bytes to replicate, nothing confirmed for this long is a problem. */
const stalledAfterMs = 10 * 60_000;

/** What a run would stop for at the target, with the remedy. */
export function tailProblems(tail: Tail | undefined, row: CheckpointRow | undefined, stream: string): string[] {
  const problem = (kind: StopKind, says: string) => [`Stream ${stream} ${says} ${rules[kind].remedy}`];
  if (tail?.kind === 'absent' && row?.confirmed) return problem('TargetLost', 'does not exist any more.');
  if (tail?.kind === 'truncated') return problem('TargetTruncated', `shows no event: ${tail.reason}.`);
  if (tail?.kind === 'tombstoned') return problem('TargetDeleted', 'was deleted for good.');
  return [];
}

/** What is wrong with the runs, as the row says it. */
export function runProblems(run: RunNote | undefined, lag: LagNote | undefined, now: number): string[] {
  if (!run) return ['Nothing has run yet. Start a run, or find out why the timer does not fire.'];
  const problems: string[] = [];
  if (run.stop)
    problems.push(`Stopped since ${run.stop.since}: ${run.stop.failure.message} ${run.stop.failure.remedy}`);
  if (isOngoing(run.outage)) {
    problems.push(`Outage since ${run.outage.since}: ${run.outage.failure.message} ${run.outage.failure.remedy}`);
  }
  // guard: silent-runner
  const silent = now - Date.parse(run.refreshedAt) > silentAfterMs;
  const ahead = lag !== undefined && lag.bytes > 0;
  if (isAtRest(run)) {
    if (silent && ahead && !run.stop) problems.push(leftBehind(run, lag));
    return problems;
  }
  if (silent) problems.push(`No run has reported since ${run.refreshedAt}. Check whether one is running.`);
  const moved = Math.max(Date.parse(run.movedAt ?? run.startedAt), Date.parse(run.behindSince ?? run.startedAt));
  // guard: stalled-stream
  if (ahead && run.behindSince !== undefined && now - moved > stalledAfterMs) {
    problems.push(`Nothing was confirmed since ${run.movedAt ?? run.startedAt} although the source is ahead.`);
  }
  return problems;
}

function leftBehind({ endedAt }: RunNote, { events, eventsExact }: LagNote): string {
  const left = `${eventsExact ? '' : 'about '}${events} ${events === 1 ? 'event is' : 'events are'} not replicated yet`;
  return `The last run ended ${endedAt} as requested, and ${left}. Start another run, or one with --follow.`;
}

/** The lag at the moment `now`. At the head there is none, even if `behindSince` is still set. */
export function lagAt({ bytes, events, eventsExact }: SourceLag, run: RunNote | undefined, now: number): LagNote {
  const since = bytes > 0 ? run?.behindSince : undefined;
  const seconds = since === undefined ? 0 : Math.max(0, (now - Date.parse(since)) / 1000);
  return { bytes, events, eventsExact, seconds };
}

/** When replication was last known to be well, in ms since 1970: something was confirmed, or everything was. */
export function lastWell(run: Pick<RunNote, 'movedAt' | 'caughtUpAt'> | undefined): number | undefined {
  const known = [run?.movedAt, run?.caughtUpAt].filter((at) => at !== undefined);
  return known.length > 0 ? Math.max(...known.map((at) => Date.parse(at))) : undefined;
}

/** When the source answers and nothing is left to replicate, all is well now, whatever a run said last. */
export function staleness(run: RunNote | undefined, lag: LagNote | undefined, now: number): { staleSeconds?: number } {
  if (!run) return {};
  const wellAt = lastWell(run) ?? Date.parse(run.behindSince ?? run.outage?.since ?? run.startedAt);
  const caughtUp = lag?.bytes === 0 && !isOngoing(run.outage) && run.stop === undefined;
  const heard = isAtRest(run) || now - Date.parse(run.refreshedAt) < silentAfterMs;
  return { staleSeconds: caughtUp && heard ? 0 : (now - wellAt) / 1000 };
}

/** A run that was to end by itself has ended, and no other is due. */
function isAtRest({ single, endedAt }: RunNote): boolean {
  return single === true && endedAt !== undefined;
}

export function isOngoing(outage: OutageNote | undefined): outage is OutageNote {
  return outage !== undefined && outage.endedAt === undefined;
}
