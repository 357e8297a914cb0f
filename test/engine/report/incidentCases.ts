import { expect } from 'vitest';
import { Failure, type StopKind } from '../../../src/core/failure.js';
import {
  failureNote,
  reconcile,
  type Happening,
  type Known,
  type Noted,
  type Told,
} from '../../../src/engine/report/incidents.js';

export const now = Date.parse('2026-03-01T12:00:00Z');
export const ago = (seconds: number) => new Date(now - seconds * 1000).toISOString();

const unreachable = new Failure('TargetUnreachable', 'the server cannot be reached');
export const corrupt = new Failure('SourceCorrupt', 'chunk a is bad at byte 100') as Failure & {
  readonly kind: StopKind;
};
const cause = 'SourceCorrupt: chunk a is bad at byte 100';

export const failed: Happening = { kind: 'failed', failure: unreachable };
export const stopped: Happening = { kind: 'stopped', failure: corrupt };
export const good: Happening = { kind: 'good' };
export const sent: Happening = { kind: 'sent' };

/** An outage as the row has it, so many seconds old. */
export function outage(seconds: number, notification: 'claimed' | 'sent', ended?: number) {
  const endedAt = ended === undefined ? {} : { endedAt: ago(ended) };
  return { since: ago(seconds), tries: 1, failure: failureNote(unreachable), notification, ...endedAt };
}

export function stop(seconds: number, notification: 'claimed' | 'sent') {
  return { since: ago(seconds), failure: failureNote(corrupt), notification };
}

/** A notice that this process has told and that has arrived. */
function told(event: Told['notice']['event'], which: string, more: Partial<Told> = {}): Told {
  return { which, notice: { event, at: ago(0) }, noted: true, sent: true, ...more };
}

export const began = (seconds: number, more?: Partial<Told>) => told('outage-began', ago(seconds), more);
export const over = (seconds: number, more?: Partial<Told>) => told('outage-ended', ago(seconds), more);
export const stopTold = (more?: Partial<Told>) => told('stopped', cause, more);

export interface Case {
  readonly row?: Noted;
  readonly known?: Known;
  /** The log's events. */
  readonly says: readonly string[];
  /** What the row says afterwards of the outage and the stop. */
  readonly then: { readonly outage?: object; readonly stop?: object };
}

export function check(happening: Happening, { row, known = {}, says, then }: Case): void {
  const step = reconcile(row, known, happening, now);
  expect(step.send.map(({ event }) => event)).toEqual(says);
  const news = step.send.filter(({ level }) => level === 'error').map(({ event }) => event);
  expect(step.send.flatMap(({ told: notice }) => notice?.notice.event ?? [])).toEqual(news);
  for (const slot of ['outage', 'stop'] as const) {
    const wanted = then[slot];
    if (wanted === undefined) expect(step.row[slot]).toBeUndefined();
    else expect(step.row[slot]).toMatchObject(wanted);
  }
}
