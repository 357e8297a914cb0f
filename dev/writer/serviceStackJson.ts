/** A value as ServiceStack.Text's JsonSerializer of 2013 sees it; members that are undefined are left out. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | Date
  | Decimal
  | readonly Value[]
  | { readonly [member: string]: Value | undefined };

/** A .NET decimal, which keeps its trailing zeros. */
export class Decimal {
  constructor(readonly text: string) {}
}

/** The text that ServiceStack.Text 3.9 makes of a value: ASCII only, dates as `\/Date(ms)\/`, no spaces. */
export function serialize(value: Value): string {
  if (typeof value === 'string') return quoted(value);
  if (value instanceof Date) return `"\\/Date(${value.getTime()})\\/"`;
  if (value instanceof Decimal) return value.text;
  if (value instanceof Array) return `[${value.map(serialize).join(',')}]`;
  if (typeof value !== 'object') return String(value);
  const members = Object.entries(value as Record<string, Value | undefined>);
  const kept = members.flatMap(([name, member]) =>
    member === undefined ? [] : [`${quoted(name)}:${serialize(member)}`],
  );
  return `{${kept.join(',')}}`;
}

/** A message body as the published Lokad.CQRS serializer writes it on Windows: the formatted text between newlines. */
export function jsonBody(value: Value): Buffer {
  return formattedBody(serialize(value));
}

/** The body that the original serializer makes of JSON text. */
export function formattedBody(json: string): Buffer {
  return Buffer.from(`\r\n${jsvFormat(json)}\r\n`, 'utf8');
}

const shortEscapes: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function quoted(text: string): string {
  const escaped = text.replace(/["\\]|[^ -~]/g, (unit) => shortEscapes[unit] ?? unicodeEscape(unit));
  return `"${escaped}"`;
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/**
 * ServiceStack.Text's JsvFormatter.Format, with the newlines of Windows. It breaks lines at every `{ [ , ] }` and puts
 * a space after the first colon that follows one of these, even inside a string.
 */
export function jsvFormat(text: string): string {
  let out = '';
  let depth = 0;
  let firstColon = true;
  const newLine = () => '\r\n' + '\t'.repeat(Math.max(0, depth));
  for (let index = 0; index < text.length; index++) {
    const current = text.charAt(index);
    if ('{['.includes(current)) {
      const afterColon = text[index - 1] === ':';
      const next = text[index + 1];
      if (afterColon && (next === '}' || next === ']')) {
        out += current + next;
        index++;
        continue;
      }
      if (afterColon) out += newLine();
      depth++;
      out += current + newLine();
    } else if ('}]'.includes(current)) {
      depth--;
      out += newLine() + current;
    } else if (current === ',') {
      out += current + newLine();
    } else {
      out += current === ':' && firstColon ? ': ' : current;
      if (current === ':') firstColon = false;
      continue;
    }
    firstColon = true;
  }
  return out;
}
