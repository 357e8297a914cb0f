import { MalformedMessage, VARINT, WireReader, WireWriter } from './wire.js';

/** How many 32-bit words one UUID takes in the compact form used here: its sixteen bytes, big-endian. */
export const UUID_WORDS = 4;

/** A text is not a UUID, or a UUID message has no value. */
export class UnrecognizedUuid extends Error {
  override readonly name = 'UnrecognizedUuid';
}

const HEX = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) {
  HEX[value.toString(16).charCodeAt(0)] = value;
  HEX[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}
const DASH = 0x2d;
/** The characters of `{}` and `()`, as pairs. */
const BRACKETS = new Set([0x7b7d, 0x2829]);
const BYTE_HEX = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

/**
 * Reads an `event_store.client.UUID` message (`structured` = 1, `string` = 2) that fills `start..end` into four words.
 * Throws {@link UnrecognizedUuid}.
 */
export function readUuid(bytes: Buffer, start: number, end: number, into: Uint32Array, at: number): void {
  const reader = new WireReader(bytes, start, end);
  let found = false;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x12) {
      const stop = reader.enter();
      readUuidText(bytes, reader.position, stop, into, at);
      reader.position = stop;
      found = true;
    } else if (tag === 0x0a) {
      readStructured(reader.nested(), into, at);
      found = true;
    } else reader.skip(tag & 7);
  }
  if (!found) throw new UnrecognizedUuid('the UUID has no value');
}

function readStructured(reader: WireReader, into: Uint32Array, at: number): void {
  into.fill(0, at, at + UUID_WORDS);
  while (reader.more) {
    const tag = reader.tag();
    if ((tag & 7) !== VARINT) throw new MalformedMessage('a structured UUID holds two integers');
    const half = tag >>> 3 === 1 ? 0 : 2;
    const bits = reader.uint64();
    into[at + half] = Number(bits >> 32n);
    into[at + half + 1] = Number(bits & 0xffffffffn);
  }
}

/** The forms that .NET's `Guid.Parse` takes and that clients send: with dashes, also in braces, or 32 digits alone. */
function readUuidText(bytes: Buffer, start: number, end: number, into: Uint32Array, at: number): void {
  const bracketed = end - start === 38 && BRACKETS.has(((bytes[start] ?? 0) << 8) | (bytes[end - 1] ?? 0));
  const dashes = bracketed || end - start === 36;
  if (!dashes && end - start !== 32) throw new UnrecognizedUuid('Unrecognized Guid format.');
  let from = bracketed ? start + 1 : start;
  let digits = 0;
  let word = 0;
  while (digits < 32) {
    if (dashes && digits >= 8 && digits <= 20) {
      if (bytes[from++] !== DASH) throw new UnrecognizedUuid('Unrecognized Guid format.');
    }
    for (let group = 0; group < 4; group++, digits++) {
      const digit = HEX[bytes[from++] ?? 0] ?? -1;
      if (digit < 0) throw new UnrecognizedUuid('Unrecognized Guid format.');
      word = (word << 4) | digit;
    }
    if ((digits & 7) === 0) into[at + (digits >>> 3) - 1] = word;
  }
}

export function uuidText(words: Uint32Array, at: number): string {
  const [a = 0, b = 0, c = 0, d = 0] = words.subarray(at, at + UUID_WORDS);
  return `${hex16(a >>> 16)}${hex16(a)}-${hex16(b >>> 16)}-${hex16(b)}-${hex16(c >>> 16)}-${hex16(c)}${hex16(d >>> 16)}${hex16(d)}`;
}

function hex16(value: number): string {
  return (BYTE_HEX[(value >>> 8) & 0xff] ?? '') + (BYTE_HEX[value & 0xff] ?? '');
}

export function isEmptyUuid(words: Uint32Array, at: number): boolean {
  return ((words[at] ?? 0) | (words[at + 1] ?? 0) | (words[at + 2] ?? 0) | (words[at + 3] ?? 0)) === 0;
}

/** A short string for use as a key: equal UUIDs, and only these, have equal strings. */
export function uuidKey(words: Uint32Array, at: number): string {
  const [a = 0, b = 0, c = 0, d = 0] = words.subarray(at, at + UUID_WORDS);
  return String.fromCharCode(a >>> 16, a & 0xffff, b >>> 16, b & 0xffff, c >>> 16, c & 0xffff, d >>> 16, d & 0xffff);
}

/** The `event_store.client.UUID` message in the form that the client asked for. */
export function uuidMessage(words: Uint32Array, at: number, form: 'string' | 'structured'): WireWriter {
  const writer = new WireWriter();
  if (form === 'string') return writer.string(2, uuidText(words, at));
  const half = (from: number): bigint => (BigInt(words[at + from] ?? 0) << 32n) | BigInt(words[at + from + 1] ?? 0);
  return writer.message(1, new WireWriter().uint64(1, half(0)).uint64(2, half(2)));
}
