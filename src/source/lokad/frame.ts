import * as crypto from 'node:crypto';

/** Bytes of a SHA-1. */
export const sha1Bytes = 20;

/** How a frame stores the length of its payload: int32 until September 2012, a 7-bit encoded int since. */
export type FrameVariant = 'varint' | 'int32';

export const variants: readonly FrameVariant[] = ['varint', 'int32'];

export function otherVariant(variant: FrameVariant): FrameVariant {
  return variant === 'varint' ? 'int32' : 'varint';
}

/** A frame that claims to be larger is refused unread. Real ones fit a tape of 512 KiB. */
export const maxFrameBytes = 16 * 1024 * 1024;

/**
 * What the bytes at an offset are.
 * - `valid`: a frame whose SHA-1 agrees
 * - `blank`: zeros where a frame would stand: nothing was written here
 * - `incomplete`: the bytes end before the frame does; no verdict
 * - `invalid`: no frame, whatever follows
 */
export type FrameState = 'valid' | 'blank' | 'incomplete' | 'invalid';

/** Filled by {@link parseFrame}; used again for every frame, so that parsing allocates nothing. */
export class ParsedFrame {
  keyStart = 0;
  keyEnd = 0;
  payloadStart = 0;
  /** Also where the hash starts. */
  payloadEnd = 0;
  /** After the hash. For `incomplete` the least that must be there to know more. */
  end = 0;
  /** Why the frame is `invalid`. */
  reason = '';
  /** `invalid` only because the frame claims to be larger than {@link maxFrameBytes}. */
  tooLarge = false;
}

const stampBytes = 8;
const unfinished = -1;
const malformed = -2;

/**
 * Looks for a frame at `start`: i64 stamp, key (7-bit encoded length and UTF-8), payload length (see
 * {@link FrameVariant}), payload, SHA-1 of all before it (Lokad.CQRS StorageFramesEvil). Only a SHA-1 that agrees
 * makes a frame: the bytes of one variant often parse as the other.
 *
 * @param into gets offsets into `bytes`
 */
export function parseFrame(bytes: Buffer, start: number, variant: FrameVariant, into: ParsedFrame): FrameState {
  const state = measureFrame(bytes, start, variant, into);
  // guard: sha1-of-a-frame
  if (state !== 'valid' || hashAgrees(bytes, start, into)) return state;
  return invalid(into, 'the SHA-1 of the frame does not agree');
}

/** The second half of {@link parseFrame}: whether the hash of a frame that was measured agrees. */
export function hashAgrees(bytes: Buffer, start: number, { payloadEnd }: ParsedFrame): boolean {
  const sha1 = digest(bytes.subarray(start, payloadEnd));
  for (let index = 0; index < sha1Bytes; index++) {
    if (bytes[payloadEnd + index] !== sha1.charCodeAt(index)) return false;
  }
  return true;
}

type OneShot = (algorithm: string, data: Uint8Array, encoding: 'binary') => string;

/** One-shot hashing came with Node 20.12 and is three times as fast on small frames as a hash object. */
const oneShot = (crypto as { readonly hash?: OneShot }).hash;

/** SHA-1 as a string of 20 characters, one a byte. */
const digest: (bytes: Uint8Array) => string = oneShot
  ? (bytes) => oneShot('sha1', bytes, 'binary')
  : (bytes) => crypto.createHash('sha1').update(bytes).digest('binary');

/** The first half of {@link parseFrame}: `valid` here says only that the lengths fit, not that the hash agrees. */
export function measureFrame(bytes: Buffer, start: number, variant: FrameVariant, into: ParsedFrame): FrameState {
  into.tooLarge = false;
  // guard: zeros-are-no-frame
  if (isBlank(bytes, start, variant)) return 'blank';
  const keyLengthAt = start + stampBytes;
  if (!readVarint(bytes, keyLengthAt, length)) {
    return length.value === unfinished
      ? incomplete(into, keyLengthAt + 1 + sha1Bytes)
      : invalid(into, 'the length of the key is not a length');
  }
  into.keyStart = length.end;
  into.keyEnd = length.end + length.value;
  // guard: bound-of-a-key
  if (into.keyEnd - start > maxFrameBytes) return tooLarge(into, start, into.keyEnd);
  const readLength = variant === 'varint' ? readVarint : readInt32;
  if (!readLength(bytes, into.keyEnd, length)) {
    return length.value === unfinished
      ? incomplete(into, into.keyEnd + 1 + sha1Bytes)
      : invalid(into, 'the length of the payload is not a length');
  }
  into.payloadStart = length.end;
  into.payloadEnd = length.end + length.value;
  into.end = into.payloadEnd + sha1Bytes;
  // guard: bound-of-a-frame
  if (into.end - start > maxFrameBytes) return tooLarge(into, start, into.end);
  return into.end > bytes.length ? 'incomplete' : 'valid';
}

/** True when `bytes[from, to)` are all zero. */
export function isZero(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += zeros.length) {
    const end = Math.min(to, at + zeros.length);
    if (bytes.compare(zeros, 0, end - at, at, end) !== 0) return false;
  }
  return true;
}

const zeros = Buffer.alloc(64 * 1024);

/** The empty frame that zeros decode as: stamp 0, no key, no payload, no hash. */
function isBlank(bytes: Buffer, start: number, variant: FrameVariant): boolean {
  if (bytes[start] !== 0) return false;
  const blankBytes = stampBytes + 1 + (variant === 'varint' ? 1 : 4) + sha1Bytes;
  return start + blankBytes <= bytes.length && isZero(bytes, start, start + blankBytes);
}

function incomplete(into: ParsedFrame, end: number): FrameState {
  into.end = end;
  return 'incomplete';
}

function invalid(into: ParsedFrame, reason: string): FrameState {
  into.reason = reason;
  return 'invalid';
}

function tooLarge(into: ParsedFrame, start: number, end: number): FrameState {
  into.tooLarge = true;
  into.end = end;
  return invalid(into, `it claims ${end - start} bytes, over the limit of ${maxFrameBytes}`);
}

interface Length {
  value: number;
  end: number;
}

/** The length that was read last, and where it ends; one for all frames, since parsing never waits. */
const length: Length = { value: 0, end: 0 };

/** .NET's 7-bit encoded int: at most 5 bytes, an i32 that is not negative here. */
function readVarint(bytes: Buffer, at: number, into: Length): boolean {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) return noLength(into, unfinished);
    if (index === 4 && byte > 0x07) break;
    value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) {
      into.value = value;
      into.end = at + index + 1;
      return true;
    }
  }
  return noLength(into, malformed);
}

function readInt32(bytes: Buffer, at: number, into: Length): boolean {
  if (at + 4 > bytes.length) return noLength(into, unfinished);
  into.value = bytes.readInt32LE(at);
  into.end = at + 4;
  return into.value >= 0 || noLength(into, malformed);
}

function noLength(into: Length, why: number): false {
  into.value = why;
  return false;
}
