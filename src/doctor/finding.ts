import type { ExaminationNote } from '../checkpoint/row.js';
import { settingProblemsOf, settingProblemText } from '../config/problems.js';
import { asFailure, type Failure } from '../core/failure.js';

/** The checks in their order, with the names that people see; each has at least one finding. */
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

/** `skipped`: the check was impossible, because something before it is wrong. */
export type Verdict = 'good' | 'warning' | 'wrong' | 'skipped';

/** The result of a check, without secrets. */
export interface Finding {
  readonly check: Check;
  readonly verdict: Verdict;
  readonly says: string;
  /** What to do; only for `warning` and `wrong`. */
  readonly next?: string;
}

/** What expires within this time is worth a warning. */
export const soonMs = 30 * 24 * 60 * 60 * 1000;

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

export function skipped(check: Check, why: string): Finding {
  return { check, verdict: 'skipped', says: why };
}

/** The finding for something thrown: the failure's message and remedy. */
export function thrownIn(check: Check, thrown: unknown): Finding {
  const { message, remedy } = asFailure(thrown);
  return wrong(check, message, remedy);
}

/** The findings when the settings are wrong: no other check is possible. */
export function settingsFindings(failure: Failure): Finding[] {
  const problems = settingProblemsOf(failure);
  const others = (Object.keys(checks) as Check[]).filter((check) => check !== 'settings');
  const found = problems?.map((problem) =>
    wrong('settings', `${settingProblemText(problem)}.`, `Set ${problem.name}.`),
  );
  return [
    ...(found ?? [thrownIn('settings', failure)]),
    ...others.map((check) => skipped(check, 'the settings are wrong')),
  ];
}

/** True when replication can work. */
export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ verdict }) => verdict === 'good' || verdict === 'warning');
}

/**
 * The result of all checks, as the checkpoint row keeps it for people.
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
