import { redact } from './redact.js';

/** One line of JSON with every text redacted. A bigint becomes its digits, an error its name and message. */
export function redactedJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => plain(part)) ?? 'null';
}

function plain(value: unknown): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return { name: value.name, message: value.message };
  return value;
}
