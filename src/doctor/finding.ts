import type { ExaminationNote } from '../checkpoint/row.js';
import { settingProblemsOf, settingProblemText } from '../config/problems.js';
import { asFailure, type Failure } from '../core/failure.js';

/** What is looked at, in this order, by the name that people see; each has at least one finding. */
export const checks = {
  settings: 'Settings',
  agreement: 'Settings together',
  sourceRights: 'Source rights',
  sourceReached: 'Source',
  sourceChunks: 'Chunks',
  firstFrame: 'First frame',
  lastFrame: 'Last frame',
  checkpointRights: 'Checkpoint rights',
  checkpointRow: 'Checkpoint',
  serverReached: 'Server',
  certificate: 'Certificate',
  leader: 'Leader',
  login: 'Login',
  tail: 'Stream end',
  write: 'Right to write',
  appendLimit: 'Append limit',
  streamName: 'Stream name',
  clocks: 'Clocks',
} as const;

export type Check = keyof typeof checks;

/** `skipped`: could not be looked at, because something before it is wrong. */
export type Verdict = 'good' | 'warning' | 'wrong' | 'skipped';

/** What a check came to, in words without secrets. */
export interface Finding {
  readonly check: Check;
  readonly verdict: Verdict;
  readonly says: string;
  /** What to do; for warnings and what is wrong. */
  readonly next?: string;
}

/** All is well. */
export function good(check: Check, says: string): Finding {
  return { check, verdict: 'good', says };
}

/** Replication works, but a person should know. */
export function warning(check: Check, says: string, next: string): Finding {
  return { check, verdict: 'warning', says, next };
}

/** Replication does not work, or will stop. */
export function wrong(check: Check, says: string, next: string): Finding {
  return { check, verdict: 'wrong', says, next };
}

/** What could not be looked at. */
export function skipped(check: Check, why: string): Finding {
  return { check, verdict: 'skipped', says: why };
}

/** The finding for something thrown: the failure's message and remedy. */
export function thrownIn(check: Check, thrown: unknown): Finding {
  const { message, remedy } = asFailure(thrown);
  return wrong(check, message, remedy);
}

/** The findings when the settings themselves are wrong: nothing else can be looked at. */
export function settingsFindings(failure: Failure): Finding[] {
  const { message, remedy } = failure;
  const problems = settingProblemsOf(failure);
  const others = (Object.keys(checks) as Check[]).filter((check) => check !== 'settings');
  return [
    ...(problems?.map((problem) => wrong('settings', `${settingProblemText(problem)}.`, `Set ${problem.name}.`)) ?? [
      wrong('settings', message, remedy),
    ]),
    ...others.map((check) => skipped(check, 'the settings are wrong')),
  ];
}

/** Whether replication can work: nothing was found wrong. */
export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ verdict }) => verdict === 'good' || verdict === 'warning');
}

/**
 * What the row keeps of a check, for people.
 *
 * @param at ISO 8601, UTC
 */
export function checkNote(findings: readonly Finding[], at: string): ExaminationNote {
  const sentences = (verdict: Verdict) =>
    findings
      .filter((finding) => finding.verdict === verdict)
      .map(({ check, says, next }) => `${checks[check]}: ${says}${next === undefined ? '' : ` ${next}`}`);
  return { at, wrong: sentences('wrong'), warnings: sentences('warning') };
}
