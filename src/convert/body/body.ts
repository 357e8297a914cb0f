import { isUtf8 } from 'node:buffer';
import { asBuffer, type TargetEvent } from '../../core/record.js';
import { firstNewline, formatBody, unformatBody, type Newline } from './jsvFormat.js';

/** `auto` undoes the writer's pretty-printer where that is provably reversible; `raw` never touches a body. */
export type BodyMode = 'auto' | 'raw';

/** A message's body as it is appended. */
export interface Body extends Pick<TargetEvent, 'contentType' | 'data'> {
  /** Only where `data` was reformatted: {@link formatBody}, with this line break, turns it into the stored bytes. */
  readonly reformatted?: Newline;
}

/**
 * Decides how a stored body is written. Valid JSON keeps its bytes. In mode `auto`, the pretty-printing of the
 * Lokad.CQRS samples is undone in a body that is not valid JSON; the result is used only if it is valid JSON and
 * formatting it again gives exactly the stored bytes. Everything else keeps its bytes as
 * `application/octet-stream`.
 */
export function convertBody(stored: Uint8Array, mode: BodyMode): Body {
  const mayBeFormatted = firstNewline(stored) !== undefined;
  if (!(mayBeFormatted && hasControlInString(stored)) && isJson(stored)) {
    return { contentType: 'application/json', data: stored };
  }
  const original = mode === 'auto' && mayBeFormatted ? originalJson(stored) : undefined;
  return original === undefined
    ? { contentType: 'application/octet-stream', data: stored }
    : { contentType: 'application/json', data: original.json, reformatted: original.newline };
}

function originalJson(stored: Uint8Array): ReturnType<typeof unformatBody> {
  const unformatted = unformatBody(stored);
  if (unformatted === undefined || !isJson(unformatted.json)) return undefined;
  const again = formatBody(unformatted.json, unformatted.newline, stored.length);
  // guard: reversible-reformatting
  return again !== undefined && Buffer.compare(again, stored) === 0 ? unformatted : undefined;
}

/**
 * True when the bytes are one JSON value in UTF-8 without a byte order mark.
 *
 * The bytes are handed to the parser as Latin-1, which is a plain copy: JSON is ASCII outside of its strings and takes
 * any character from U+0020 on inside of them, so for valid UTF-8 the answer is the same.
 */
export function isJson(bytes: Uint8Array): boolean {
  // guard: json-in-utf-8
  if (!looksLikeJson(bytes) || !isUtf8(bytes)) return false;
  try {
    JSON.parse(asBuffer(bytes).toString('latin1'));
    return true;
  } catch {
    return false;
  }
}

/** Looks only at the first and the last byte: recognizes most binary bodies without the cost of a thrown error. */
function looksLikeJson(bytes: Uint8Array): boolean {
  let start = 0;
  while (isBlank(bytes[start])) start += 1;
  let end = bytes.length - 1;
  while (end > start && isBlank(bytes[end])) end -= 1;
  const last = String.fromCharCode(bytes[end] ?? 0);
  switch (String.fromCharCode(bytes[start] ?? 0)) {
    case '{':
      return last === '}';
    case '[':
      return last === ']';
    case '"':
      return last === '"';
    case 't':
    case 'f':
      return last === 'e';
    case 'n':
      return last === 'l';
    default:
      return last >= '0' && last <= '9';
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/**
 * True only for bytes that cannot be JSON, because a control character stands inside a string. The
 * pretty-printer puts them there. This check avoids the cost of a thrown error.
 */
function hasControlInString(bytes: Uint8Array): boolean {
  let inString = false;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte === 0x22) inString = !inString;
    else if (inString && byte === 0x5c) i += 1;
    else if (inString && byte < 0x20) return true;
  }
  return false;
}
