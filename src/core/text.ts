/** Text that may come from anywhere, as people are shown it. */

/**
 * The text as one line that cannot steer a terminal: every control character but the tab is written as `\uXXXX`. JSON
 * stays JSON and says the same.
 */
export function printable(text: string): string {
  return text.replaceAll(
    // eslint-disable-next-line no-control-regex
    /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A text of at most `length` characters. Cutting it again changes nothing. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3).toWellFormed()}...`;
}

/** A key or a type, which may be of any length, as a failure names it. */
export function shortName(name: string): string {
  return cut(name, 200);
}
