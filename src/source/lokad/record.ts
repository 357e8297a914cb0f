import { isUtf8 } from 'node:buffer';

import type { ReadPoint, SourceState } from '../../core/cursor.js';
import type { SourceRecord } from '../../core/record.js';
import type { ParsedFrame } from './frame.js';
import { readPayload } from './payload.js';
import { sha1Bytes } from './sha1.js';

/** Where a frame was found. */
export interface FramePlace {
  readonly chunk: string;
  /** Offset in the chunk of the first byte of the buffer. */
  readonly bufferAt: number;
  readonly position: number;
  readonly returnTo: ReadPoint | undefined;
  readonly memory?: SourceState | undefined;
}

/** The record of a valid frame that starts at `start` of `bytes`; it holds views on `bytes`. */
export function toRecord(bytes: Buffer, start: number, frame: ParsedFrame, place: FramePlace): SourceRecord {
  const record = {
    position: place.position,
    key: readKey(bytes, frame.keyStart, frame.keyEnd),
    stamp: bytes.readBigInt64LE(start),
    payload: readPayload(bytes, frame.payloadStart, frame.payloadEnd),
    chunk: place.chunk,
    offset: place.bufferAt + start,
    frameBytes: frame.end - start,
    sha1: bytes.subarray(frame.payloadEnd, frame.payloadEnd + sha1Bytes),
    memory: place.memory,
  };
  return place.returnTo ? { ...record, returnTo: place.returnTo } : record;
}

const replacement = '\ufffd';

function readKey(bytes: Buffer, start: number, end: number): string {
  const ascii = bytes.toString('latin1', start, end);
  if (isAscii(ascii)) return ascii;
  const text = bytes.toString('utf8', start, end);
  if (!text.includes(replacement) || isUtf8(bytes.subarray(start, end))) return text;
  return `hex:${bytes.toString('hex', start, end)}`;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}
