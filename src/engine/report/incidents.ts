import type { RunPatch } from '../../checkpoint/keeper.js';
import type { FailureNote, OutageNote, StopNote } from '../../checkpoint/row.js';
import type { Failure, FailureKind, StopKind } from '../../core/failure.js';
import type { Facts } from '../../core/logger.js';
import { iso } from '../../core/time.js';
import type { Notice } from '../../notify/notice.js';

/** What the checkpoint row says of incidents. */
export type Noted = Pick<RunPatch, 'outage' | 'stop' | 'lastError'>;

/** A notice that this process has told. */
export interface Told {
  /** When the outage began, or the cause of the stop. */
  readonly which: string;
  readonly notice: Omit<Notice, 'source' | 'stream'>;
  /** True once the row has held the incident. If the row holds it no longer, another process has ended it. */
  noted: boolean;
  /** True once the notice has arrived everywhere, or was given up. */
  sent: boolean;
}

/** What this process has told last: the beginning of the present outage, the end of an outage, a stop. */
export type Known = { readonly [what in 'outage' | 'over' | 'stop']?: Told | undefined };

type StopFailure = Failure & { readonly kind: StopKind };

/** `sent`: notices may have arrived. */
export type Happening =
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'stopped'; readonly failure: StopFailure }
  | { readonly kind: 'good' | 'sent' };

/** What to do: save the row, then write the lines to the log and send the notices that go with them. */
export interface Step {
  readonly row: Noted;
  readonly known: Known;
  readonly send: readonly Line[];
  /** What the row holds once it is saved. */
  readonly holds?: Told | undefined;
  /** The row has room for one outage, and the end of an earlier one comes first: reconcile the happening again. */
  readonly again?: true;
}

interface Line {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly facts?: Facts | undefined;
  readonly told?: Told | undefined;
}

/** A claim counts for so long: by then the process that made it has sent the notice, or given it up. */
const claimHoldsMs = 50_000;

/**
 * Decides what people are told: once that an outage begins, once that it is over, and once each cause of a stop, across
 * runs and processes. A notice is claimed in the row, then sent, then marked as sent in the row. So it is told once, or
 * twice when a process dies in between; while the table cannot be written it is told once per process.
 *
 * @param row undefined while nothing is known of it
 * @param now in ms since 1970
 */
export function reconcile(row: Noted | undefined, known: Known, happening: Happening, now: number): Step {
  switch (happening.kind) {
    case 'failed':
      return failed(row, known, happening.failure, now);
    case 'stopped':
      return stopped(row, known, happening.failure, now);
    case 'good': {
      const { outage, over, send } = ended(row, known, now);
      const cleared: readonly Line[] = row?.stop || known.stop ? [{ ...logLine('stop-cleared'), level: 'info' }] : [];
      return { row: { ...row, outage, stop: undefined }, known: { over }, send: [...send, ...cleared] };
    }
    case 'sent':
      return { row: markedSent(row, known), known, send: [] };
  }
}

function failed(row: Noted | undefined, known: Known, failure: Failure, now: number): Step {
  if (row?.outage?.endedAt !== undefined) {
    const { outage, over, send } = ended(row, { over: known.over }, now);
    if (send.length > 0) return { row: { ...row, outage }, known: { ...known, over }, send, again: true };
  }
  // The row may show an outage as under way although this process has told that it is over.
  const isUnderWay = row?.outage?.endedAt === undefined && row?.outage?.since !== known.over?.which;
  const before = isUnderWay ? row?.outage : undefined;
  const isGone = known.outage?.noted && row && before?.since !== known.outage.which;
  const told = isGone ? undefined : known.outage;
  const since = before?.since ?? told?.which ?? iso(now);
  const tries = (before?.tries ?? 0) + 1;
  // guard: outage-told-once
  const isNews = !told && !(before && isTold(before, before.since, now));
  const outage = isNews ? newlyTold(since, { event: 'outage-began', at: iso(now), failure }) : told;
  const facts = factsOf(failure);
  const note = { since, tries, failure: failureNote(failure), notification: notification(told, before) };
  return {
    row: { ...row, outage: note, lastError: { ...failureNote(failure), at: iso(now) } },
    known: { ...known, outage },
    holds: outage,
    send: [isNews ? logLine('outage-began', facts, outage) : logLine('outage-goes-on', { ...facts, since, tries })],
  };
}

function stopped(row: Noted | undefined, known: Known, failure: StopFailure, now: number): Step {
  const { outage, over, send } = ended(row, known, now);
  const which = causeOf(failure);
  const before = row?.stop && causeOf(row.stop.failure) === which ? row.stop : undefined;
  const isGone = known.stop?.which !== which || (known.stop.noted && row && !before);
  const told = isGone ? undefined : known.stop;
  const since = before?.since ?? iso(now);
  // guard: stop-told-once
  const isNews = !told && !(before && isTold(before, before.since, now));
  const stop = isNews ? newlyTold(which, { event: 'stopped', at: iso(now), failure }) : told;
  const facts = factsOf(failure);
  const note = { since, failure: failureNote(failure), notification: notification(told, before) };
  return {
    row: { ...row, outage, stop: note, lastError: { ...failureNote(failure), at: iso(now) } },
    known: { over, stop },
    holds: stop,
    send: [...send, isNews ? logLine('stopped', facts, stop) : logLine('still-stopped', { ...facts, since })],
  };
}

type News = Omit<Told['notice'], 'failure'> & { readonly failure?: Notice['failure'] | undefined };
type Ending = Pick<OutageNote, 'since'> & Partial<Pick<OutageNote, 'tries' | 'endedAt'>> & Pick<News, 'failure'>;

/** An outage is over: claims its end in the row and tells of it, unless that has been done. */
function ended(row: Noted | undefined, known: Known, now: number) {
  const outage = row?.outage;
  const isUnclaimed = outage && (outage.endedAt === undefined || !isTold(outage, outage.endedAt, now));
  const claimed = isUnclaimed ? { ...outage, endedAt: iso(now), notification: 'claimed' as const } : outage;
  const told = known.over?.which === outage?.since ? known.over : undefined;
  // An outage of the table itself may be one that the row has never held.
  const isUnnoted = known.outage?.noted === false && known.outage.which !== outage?.since;
  const unnoted = isUnnoted ? { since: known.outage.which, failure: known.outage.notice.failure } : undefined;
  const untold: Ending | undefined = isUnclaimed && !told ? outage : unnoted;
  if (!untold) return { outage: claimed, over: known.over, send: [] };
  const { since, tries, failure, endedAt = iso(now) } = untold;
  const over = newlyTold(since, { event: 'outage-ended', at: endedAt, since, failure });
  // An end that was told before must not stay in the row: this process is about to forget that it told it.
  return { outage: told ? undefined : claimed, over, send: [logLine('outage-ended', { since, tries, endedAt }, over)] };
}

/** The row without an end that has arrived; all else that has arrived is marked as sent. */
function markedSent(row: Noted | undefined, { outage, over, stop }: Known): Noted {
  const isOver = over?.sent && over.which === row?.outage?.since;
  const begun = row?.outage?.endedAt === undefined ? markSent(row?.outage, outage, row?.outage?.since) : row.outage;
  return {
    ...row,
    outage: isOver ? undefined : begun,
    stop: markSent(row?.stop, stop, row?.stop && causeOf(row.stop.failure)),
  };
}

function markSent<Note extends OutageNote | StopNote>(note: Note | undefined, told: Told | undefined, which?: string) {
  const hasArrived = note?.notification === 'claimed' && told?.sent && told.which === which;
  return hasArrived ? { ...note, notification: 'sent' as const } : note;
}

/** Whether a process has told this, or is about to. @param claimedAt when it was claimed */
function isTold({ notification }: OutageNote | StopNote, claimedAt: string, now: number): boolean {
  // guard: claimed-before-it-is-sent
  // guard: claim-holds-for-a-while
  return notification === 'sent' || now - Date.parse(claimedAt) < claimHoldsMs;
}

function newlyTold(which: string, { failure, ...notice }: News): Told {
  return { which, notice: { ...notice, ...(failure && { failure: essence(failure) }) }, noted: false, sent: false };
}

/** What is told is told at error level. */
function logLine(event: string, facts?: Facts, told?: Told): Line {
  return { level: told ? 'error' : 'warn', event, facts, told };
}

/** What the row says of it. @param told by this process @param before what the row said before */
function notification(told: Told | undefined, before: OutageNote | StopNote | undefined): StopNote['notification'] {
  return told?.sent ? 'sent' : (before?.notification ?? 'claimed');
}

export function failureNote<K extends FailureKind>(failure: Failure & { readonly kind: K }): FailureNote & { kind: K } {
  return { kind: failure.kind, message: failure.message, remedy: failure.remedy, facts: failure.facts };
}

function essence({ kind, message, remedy }: NonNullable<Notice['failure']>) {
  return { kind, message, remedy };
}

function factsOf(failure: Failure): Facts {
  // Only a defect needs the place in the code; what cannot be reached has no interesting one.
  const stack = failure.kind === 'Unexpected' && failure.cause instanceof Error ? failure.cause.stack : undefined;
  return { ...essence(failure), ...failure.facts, ...(stack !== undefined && { stack }) };
}

function causeOf({ kind, message }: Pick<FailureNote, 'kind' | 'message'>): string {
  return `${kind}: ${message}`;
}
