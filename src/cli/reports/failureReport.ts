import { settingProblemsOf, settingProblemText, type SettingProblem } from '../../config/problems.js';
import type { Failure } from '../../core/failure.js';
import { redact, redactedJson } from '../../core/redact.js';
import { exitCodeOf, type ExitCode } from '../terminal/exitCodes.js';
import type { Output } from '../terminal/output.js';
import { flagOf } from '../terminal/settingsFlags.js';

/** Says on stderr what went wrong and what to do next; with `json`, prints it as an object on stdout too. */
export async function reportFailure(
  failure: Failure,
  { json = false, verbose = false }: { readonly json?: boolean; readonly verbose?: boolean },
  output: Output,
): Promise<ExitCode> {
  const { kind, message, remedy, facts } = failure;
  for (const line of failureLines(failure)) output.tell(line);
  if (verbose) for (const line of redact(stackOf(failure)).split('\n')) output.tell(line);
  // The form expected of a secret looks like a secret, so it is not redacted.
  const write = settingProblemsOf(failure) ? JSON.stringify : redactedJson;
  if (json) await output.print(write({ error: { kind, message, remedy, facts } }));
  return exitCodeOf(failure);
}

function failureLines(failure: Failure): string[] {
  const head = failure.policy === 'stop' ? 'Stopped' : 'Error';
  const facts = failure.policy === 'stop' ? [['kind', failure.kind] as const, ...Object.entries(failure.facts)] : [];
  const problems = settingProblemsOf(failure);
  return [
    ...(problems ? problemLines(problems) : [`${head}: ${redact(failure.message)}`]),
    ...facts.map(([name, value]) => `  ${name}: ${typeof value === 'string' ? redact(value) : redactedJson(value)}`),
    `Next: ${failure.remedy}`,
  ];
}

function problemLines(problems: readonly SettingProblem[]): string[] {
  return [
    `Error: ${problems.length === 1 ? '1 setting is' : `${problems.length} settings are`} missing or wrong:`,
    ...problems.map((problem) => `  ${settingProblemText(problem, `${problem.name} (${flagOf(problem.name)})`)}`),
  ];
}

function stackOf(failure: Failure): string {
  const { stack, cause } = failure;
  return [stack, cause instanceof Error ? `Caused by: ${cause.stack ?? cause.message}` : undefined]
    .filter((text) => text !== undefined)
    .join('\n');
}
