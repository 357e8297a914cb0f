import { createHash } from 'node:crypto';

import type { Cursor, ReadPoint, SourceState } from './cursor.js';
import type { Mark } from './mark.js';

/** What the source gives and what the target gets, as types. No I/O here. */

/** One item of a record: a contract name and a body, both as stored (views on a read buffer, never copied). */
export interface SourceMessage {
  /** The contract name's bytes. Opaque: usually UTF-8, may hold `/` and any Unicode. */
  readonly contract: Uint8Array;
  readonly body: Uint8Array;
}

/** A record's messages, in order: an array, or what reads each of them when it is asked for. */
export interface SourceMessages extends Iterable<SourceMessage> {
  readonly length: number;
  at(index: number): SourceMessage | undefined;
}

/** A record's payload: a batch of messages with attributes, or opaque bytes. */
export type SourcePayload =
  | {
      readonly kind: 'batch';
      /** Name and value, in stored order; names may repeat. */
      readonly attributes: readonly (readonly [string, string])[];
      readonly messages: SourceMessages;
    }
  | { readonly kind: 'opaque'; readonly bytes: Uint8Array };

/** One atomic commit at the source. */
export interface SourceRecord {
  /** 1-based, dense, counted as the original reader counts its store version. */
  readonly position: number;
  /** The source's own stream name; bytes that are not UTF-8 are shown as `hex:` and their hex digits. */
  readonly key: string;
  /** The stream version as stored: signed, and unreliable. */
  readonly stamp: bigint;
  readonly payload: SourcePayload;
  /** The blob that holds the frame. */
  readonly chunk: string;
  /** Where the frame starts in its chunk, in bytes. */
  readonly offset: number;
  /** The frame's whole length in bytes, hash included. */
  readonly frameBytes: number;
  /** The frame's verified SHA-1, 20 bytes. */
  readonly sha1: Uint8Array;
  /** Set during a detour (an accepted chunk): where reading continues afterwards. */
  readonly returnTo?: ReadPoint;
  /** The source's state after this record. */
  readonly memory?: SourceState | undefined;
}

/** A message that could not become an event, with everything that the source says about it, to be quarantined. */
export interface SetAside extends Pick<SourceRecord, 'position' | 'key' | 'stamp' | 'chunk' | 'offset'> {
  /** Unique in its source: made of position, index and the frame's hash. */
  readonly name: string;
  readonly source: string;
  readonly index: number;
  /** How many messages the record has. */
  readonly count: number;
  /** Of the frame, 40 hex digits. */
  readonly sha1: string;
  /** Why it cannot become an event: a kind of failure, and a sentence. */
  readonly kind: string;
  readonly reason: string;
  /** Absent for an opaque payload. */
  readonly contract?: Uint8Array;
  readonly attributes: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/** What EventStoreDB gets: one message is one event. */
export interface TargetEvent {
  /** UUID version 8 in its usual text form, lower case. */
  readonly id: string;
  readonly type: string;
  readonly contentType: 'application/json' | 'application/octet-stream';
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
  /** The mark that `metadata` holds. */
  readonly mark: Mark;
  /** The message that the event stands for, which must be kept before the event is appended. */
  readonly setAside?: SetAside;
}

/** The cursor after a record. A record without a source state of its own gets the `known` one. */
export function cursorAfter(record: SourceRecord, known?: SourceState): Cursor {
  const memory = record.memory ?? known;
  return {
    chunk: record.chunk,
    offset: record.offset + record.frameBytes,
    sha1: Buffer.from(record.sha1).toString('hex'),
    position: record.position + 1,
    ...(record.returnTo && { returnTo: record.returnTo }),
    ...(memory && { memory }),
  };
}

/** 64 hex digits. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The same bytes with the methods of a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
