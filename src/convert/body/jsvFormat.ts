/** The line end of the machine that wrote the body: CRLF on Windows, LF on Mono. */
export type Newline = '\r\n' | '\n';

const tab = 0x09;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

const opens = (byte: number | undefined): boolean => byte === openBrace || byte === openBracket;
const closes = (byte: number | undefined): boolean => byte === closeBrace || byte === closeBracket;

/**
 * A JSON text as the Lokad.CQRS samples store it: a newline, the text as ServiceStack.Text's `JsvFormatter.Format`
 * (versions 2 and 3) prints it, a newline. That printer does not know strings: it puts newlines and tabs around
 * `{ } [ ] ,` and one space after the first `:` that follows any of these, inside string literals too. So its result is
 * often no longer valid JSON.
 *
 * @param json the text in UTF-8 (any other encoding that keeps ASCII does as well: only ASCII is looked at).
 * @param limit most bytes that the result may have; indentation can make it the square of the input.
 * @returns undefined when the result would be longer than `limit`.
 */
export function formatBody(
  json: Uint8Array,
  newline: Newline,
  limit = Number.MAX_SAFE_INTEGER,
): Uint8Array | undefined {
  const output = new Output(limit, newline, json.length);
  let depth = 0;
  let spaceDue = true;
  output.line(0);
  for (let i = 0; i < json.length && output.fits; i += 1) {
    const byte = json[i] ?? 0;
    if (opens(byte)) {
      if (json[i - 1] === colon) {
        const next = json[i + 1] ?? 0;
        if (closes(next)) {
          output.byte(byte);
          output.byte(next);
          i += 1;
          continue;
        }
        output.line(depth);
      }
      depth += 1;
      output.byte(byte);
      output.line(depth);
      spaceDue = true;
    } else if (closes(byte)) {
      depth -= 1;
      output.line(depth);
      output.byte(byte);
      spaceDue = true;
    } else {
      output.byte(byte);
      if (byte === comma) {
        output.line(depth);
        spaceDue = true;
      } else if (byte === colon && spaceDue) {
        output.byte(space);
        spaceDue = false;
      }
    }
  }
  output.line(0);
  return output.written();
}

/**
 * The inverse of {@link formatBody}. ServiceStack escapes control characters in values, so every raw CR, LF and TAB
 * comes from the printer, and so does the space after each first `:`.
 *
 * Any body that starts with a newline gets a result. Only formatting the result again shows whether it is right.
 *
 * @returns undefined when the body does not start with a newline; the JSON text and the body's newline otherwise.
 */
export function unformatBody(body: Uint8Array): { readonly json: Uint8Array; readonly newline: Newline } | undefined {
  const newline = firstNewline(body);
  if (newline === undefined) return undefined;
  const json = Buffer.allocUnsafe(body.length);
  let length = 0;
  let spaceDue = true;
  for (let i = 0; i < body.length; i += 1) {
    const byte = body[i] ?? 0;
    if (byte === carriageReturn || byte === lineFeed || byte === tab) continue;
    const next = body[i + 1] ?? 0;
    const pair = opens(byte) && closes(next) && length > 0 && json[length - 1] === colon;
    json[length++] = byte;
    if (pair) {
      json[length++] = next;
      i += 1;
    } else if (opens(byte) || closes(byte) || byte === comma) {
      spaceDue = true;
    } else if (byte === colon && spaceDue) {
      spaceDue = false;
      if (next === space) i += 1;
    }
  }
  return { json: json.subarray(0, length), newline };
}

/** The newline that a body starts with, if any. */
export function firstNewline(body: Uint8Array): Newline | undefined {
  if (body[0] === lineFeed) return '\n';
  return body[0] === carriageReturn && body[1] === lineFeed ? '\r\n' : undefined;
}

/** Bytes that grow up to a limit. Bytes beyond it are dropped; `fits` says whether there were any. */
class Output {
  fits = true;
  private bytes: Buffer;
  private length = 0;

  constructor(
    private readonly limit: number,
    private readonly newline: Newline,
    expected: number,
  ) {
    this.bytes = Buffer.allocUnsafe(Math.min(limit, 2 * expected + 64));
  }

  byte(value: number): void {
    if (this.reserve(1)) this.bytes[this.length++] = value;
  }

  line(tabs: number): void {
    const indent = Math.max(tabs, 0);
    if (!this.reserve(this.newline.length + indent)) return;
    if (this.newline === '\r\n') this.bytes[this.length++] = carriageReturn;
    this.bytes[this.length++] = lineFeed;
    for (let i = 0; i < indent; i += 1) this.bytes[this.length++] = tab;
  }

  written(): Uint8Array | undefined {
    return this.fits ? this.bytes.subarray(0, this.length) : undefined;
  }

  private reserve(count: number): boolean {
    const needed = this.length + count;
    if (needed > this.limit) this.fits = false;
    else if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.limit, 2 * needed));
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    return this.fits;
  }
}
