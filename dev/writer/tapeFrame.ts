import { createHash } from 'node:crypto';

/** A frame found in a chunk. */
export interface FoundFrame {
  readonly stamp: bigint;
  readonly key: string;
  readonly payload: Buffer;
  /** Where the next frame starts, in bytes from the chunk's beginning. */
  readonly end: number;
}

const hashBytes = 20;

/**
 * One atomic commit as Lokad.CQRS v3 writes it (StorageFramesEvil, varint era): stamp as int64 little-endian, key as a
 * .NET string, payload length as a 7-bit varint, payload, SHA-1 over all of it.
 */
export function encodeFrame(stamp: bigint, key: string, payload: Uint8Array): Buffer {
  const stampBytes = Buffer.alloc(8);
  stampBytes.writeBigInt64LE(stamp);
  const body = Buffer.concat([stampBytes, netString(key), varint(payload.length), payload]);
  return Buffer.concat([body, sha1(body)]);
}

/** The 20 bytes of SHA-1 at the end of a frame. */
export function hashOf(frame: Buffer): Buffer {
  return frame.subarray(-hashBytes);
}

/** The frame at an offset; undefined when the bytes there are not a whole frame with the right hash. */
export function findFrame(chunk: Buffer, offset: number): FoundFrame | undefined {
  if (offset + 8 > chunk.length) return undefined;
  const keyLength = findVarint(chunk, offset + 8);
  if (keyLength === undefined) return undefined;
  const keyEnd = keyLength.end + keyLength.value;
  const payloadLength = findVarint(chunk, keyEnd);
  if (payloadLength === undefined) return undefined;
  const payloadEnd = payloadLength.end + payloadLength.value;
  const end = payloadEnd + hashBytes;
  if (end > chunk.length) return undefined;
  if (!sha1(chunk.subarray(offset, payloadEnd)).equals(chunk.subarray(payloadEnd, end))) return undefined;
  return {
    stamp: chunk.readBigInt64LE(offset),
    key: chunk.toString('utf8', keyLength.end, keyEnd),
    payload: chunk.subarray(payloadLength.end, payloadEnd),
    end,
  };
}

/** .NET `BinaryWriter.Write(string)`: the number of UTF-8 bytes as a varint, then the bytes. */
export function netString(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([varint(bytes.length), bytes]);
}

/** .NET `BinaryWriter.Write7BitEncodedInt` of a number from 0 to 2^31 - 1. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function findVarint(bytes: Buffer, offset: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[offset + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: offset + index + 1 };
  }
  return undefined;
}

function sha1(bytes: Uint8Array): Buffer {
  return createHash('sha1').update(bytes).digest();
}
