import * as crypto from 'node:crypto';
import { frameOf as encode, type Variant } from '../../../test/support/stores/tapeWriter.js';

export type { Variant };

/** A record as the simulated writers write it. */
export interface WrittenRecord {
  readonly serial: number;
  readonly key: string;
  readonly messages: readonly { readonly contract: string; readonly body: Buffer }[];
}

const hashBytes = 20;

/** The bytes of a record, made by the encoder that all tests share. */
export function frameOf({ serial, key, messages }: WrittenRecord, variant: Variant): Buffer {
  const pairs = messages.map(({ contract, body }) => [contract, body] as const);
  return encode({ stamp: BigInt(serial), key, messages: pairs }, variant);
}

/** Where a frame starts and ends, and its SHA-1. */
export interface FoundFrame {
  readonly start: number;
  readonly end: number;
  readonly sha1: string;
}

/**
 * The frame at an offset, if there is a valid one. It shares no code with the code under test and is simpler, because
 * that code is judged by it.
 */
export function frameAt(bytes: Buffer, start: number, variant: Variant): FoundFrame | undefined {
  const keyEnd = behindLength(bytes, start + 8);
  if (keyEnd < 0) return undefined;
  const hashAt = variant === 'varint' ? behindLength(bytes, keyEnd) : behindInt32(bytes, keyEnd);
  if (hashAt < 0) return undefined;
  const end = hashAt + hashBytes;
  if (end > bytes.length) return undefined;
  const hash = bytes.subarray(hashAt, end);
  return sha1(bytes.subarray(start, hashAt)).equals(hash) ? { start, end, sha1: hash.toString('hex') } : undefined;
}

/** All frames from the beginning up to the first place without a valid frame. */
export function framesOf(bytes: Buffer, variant: Variant): FoundFrame[] {
  const frames: FoundFrame[] = [];
  for (let frame = frameAt(bytes, 0, variant); frame; frame = frameAt(bytes, frame.end, variant)) frames.push(frame);
  return frames;
}

/** The offset after the last byte that is not zero. */
export function contentEnd(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

/** Reads the length that stands at `at`. @returns where the bytes of this length end; -1 if it is no valid length */
function behindLength(bytes: Buffer, at: number): number {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) return -1;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return value < 2 ** 31 ? at + index + 1 + value : -1;
  }
  return -1;
}

function behindInt32(bytes: Buffer, at: number): number {
  const value = at + 4 <= bytes.length ? bytes.readInt32LE(at) : -1;
  return value < 0 ? -1 : at + 4 + value;
}

type OneShot = (algorithm: string, data: Uint8Array, encoding: 'buffer') => Buffer;

/** Node's one-shot hash, faster on small input; absent before Node 20.12. */
const oneShot = (crypto as { readonly hash?: OneShot }).hash;

function sha1(bytes: Uint8Array): Buffer {
  return oneShot?.('sha1', bytes, 'buffer') ?? crypto.createHash('sha1').update(bytes).digest();
}
