import { readFileSync } from 'node:fs';

/** One recorded step; the forms of requests and answers are described next to the recording. */
export interface Step {
  readonly op: string;
  readonly note?: string;
  readonly request: Record<string, unknown>;
  readonly response: Record<string, unknown>;
}

export interface Scenario {
  readonly name: string;
  readonly why: string;
  readonly needs?: readonly string[];
  readonly ids: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

/** Reads the requests and answers recorded from a real server. */
export function readScenarios(file: URL): Scenario[] {
  const { format, scenarios } = JSON.parse(readFileSync(file, 'utf8')) as { format: number; scenarios: Scenario[] };
  if (format !== 1) throw new Error(`${file.pathname} has format ${format}; only 1 is known.`);
  return scenarios;
}

/**
 * Where an answer differs from the recorded one: the same keys with the same values, but `"*"` stands for anything,
 * `oneOf` for one of several, and of what the server's runtime says only that it says something. Empty if they agree.
 */
export function differences(recorded: unknown, actual: unknown, at = ''): string[] {
  if (recorded === '*') return actual === undefined || actual === null ? [`${at} is missing`] : [];
  if (Array.isArray(recorded) && Array.isArray(actual)) {
    if (recorded.length !== actual.length)
      return [`${at} has ${actual.length} items, not ${recorded.length}: ${show(actual)}`];
    return recorded.flatMap((item, index) => differences(item, actual[index], `${at}[${index}]`));
  }
  if (!isObject(recorded) || !isObject(actual))
    return Object.is(recorded, actual) ? [] : [`${at} is ${show(actual)}, not ${show(recorded)}`];
  const { oneOf, ...rest } = recorded;
  if (Array.isArray(oneOf)) {
    const found = oneOf.map((choice) => differences({ ...rest, ...(choice as object) }, actual, at));
    return found.find((list) => list.length === 0) ?? found[0] ?? [];
  }
  if (recorded['httpStatus'] !== undefined) return differences(recorded['code'], actual['code'], `${at}.code`);
  const keys = new Set([...Object.keys(recorded), ...Object.keys(actual)]);
  return [...keys].flatMap((key) => {
    const where = `${at}.${key}`;
    if (saysAnything(at, key, recorded[key]) && typeof actual[key] === 'string' && actual[key] !== '') return [];
    return differences(recorded[key], actual[key], where);
  });
}

/** Texts that come from the server's runtime and libraries. */
function saysAnything(at: string, key: string, recorded: unknown): boolean {
  return (key === 'message' && at.endsWith('.fields')) || recorded === 'Exception was thrown by handler.';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'not there').slice(0, 300);
}
