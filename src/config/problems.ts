import { Failure } from '../core/failure.js';
import { redact } from '../core/redact.js';
import { settings, type SettingName } from './settings.js';

/** Setting name to its text, trimmed and without what is empty. */
export type Given = Readonly<Record<string, string>>;

/** A setting that is wrong or missing. */
export interface SettingProblem {
  readonly name: string;
  /** Absent when nothing was given, and for everything that may be a secret. */
  readonly given?: string;
  readonly expected: string;
}

/** The platform passes a Key Vault reference that it could not resolve on as the setting's value. */
export function unresolvedReferences(given: Given, names: readonly string[]): SettingProblem[] {
  return names
    .filter((name) => given[name]?.startsWith('@Microsoft.KeyVault('))
    .map((name) => ({
      name,
      expected:
        'its value, but this is a Key Vault reference that was not resolved: check that the secret exists and that the app identity may read it',
    }));
}

/** The problem of a setting whose value does not fit. */
export function problemOf(name: SettingName, given: Given): SettingProblem {
  const { expected, secret } = settings[name];
  const value = given[name];
  return { name, ...(value !== undefined && !secret && { given: shown(value) }), expected };
}

/** A value as a message may show it; redacted, for a secret may stand in the wrong setting. */
export function shown(value: string): string {
  const safe = redact(value);
  return safe.length > 80 ? `${safe.slice(0, 80)}...` : safe;
}

/** One clause for people: the setting, its value if that may be shown, and what was expected. */
export function settingProblemText({ name, given, expected }: SettingProblem, who = name): string {
  const what = given === undefined ? '' : ` is ${JSON.stringify(given)};`;
  return `${who}${what} expected ${expected}`;
}

export function invalid(problems: readonly SettingProblem[]): Failure {
  const lines = problems.map((problem) => settingProblemText(problem));
  const count = problems.length === 1 ? '1 setting is' : `${problems.length} settings are`;
  return new Failure('SettingsInvalid', `${count} missing or wrong: ${lines.join('. ')}.`, { problems });
}

/** The problem of each setting that a failure is about; undefined for any other failure. */
export function settingProblemsOf({ kind, facts }: Failure): readonly SettingProblem[] | undefined {
  const { problems } = facts;
  return kind === 'SettingsInvalid' && Array.isArray(problems) ? (problems as SettingProblem[]) : undefined;
}
