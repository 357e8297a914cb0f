/**
 * The nouns that the rest of Eventferry speaks: what the source gives, what the target gets, and the mark that ties
 * one to the other. Nothing here does I/O.
 */

/** One item of a record: a contract name and a body, both as stored (views on a read buffer, never copied). */
export interface SourceMessage {
  /** The contract name's bytes. Opaque: usually UTF-8, may hold `/` and any Unicode. */
  readonly contract: Uint8Array;
  readonly body: Uint8Array;
}

/** What a record's payload says: a batch of messages with attributes, or bytes that we do not look into. */
export type SourcePayload =
  | {
      readonly kind: 'batch';
      /** Name and value, in stored order; names may repeat. */
      readonly attributes: readonly (readonly [string, string])[];
      readonly messages: readonly SourceMessage[];
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
  /** Only for a record that is read out of its place (an accepted chunk): where the main reading goes on. */
  readonly returnTo?: ReadPoint;
  /** What the source remembers once it has given this record. */
  readonly memory?: SourceState | undefined;
}

/** A byte place in the source, with the hash of the frame that ends there. */
export interface ReadPoint {
  /** Chunk name; empty before the first chunk. */
  readonly chunk: string;
  /** Byte offset of the next frame. */
  readonly offset: number;
  /** Hex SHA-1 of the frame that ends at `offset`; empty at offset 0. */
  readonly sha1: string;
}

/** Where the next frame starts, and everything a source must remember to notice what changed behind it. */
export interface Cursor extends ReadPoint {
  /** The position that the next record will have; 1 at the beginning. */
  readonly position: number;
  /** Set while an accepted chunk is read out of its place: where the main reading goes on afterwards. */
  readonly returnTo?: ReadPoint;
  /** What the source wants to find again; plain JSON, written and read by the source alone. */
  readonly memory?: SourceState;
}

/** What a source remembers about the names and chunks behind its cursor. Plain JSON. */
export interface SourceState {
  /** The first chunk (in reading order) of the varint era when the store changed eras; absent for one era. */
  readonly eras?: { readonly int32Until: string; readonly varintFrom: string };
  /** How many names sort before a chunk (the cursor's, when this was noted), and a digest of them. */
  readonly namesBefore?: { readonly chunk?: string; readonly count: number; readonly digest: string };
  /** The chunks left last, with the point of leaving and the ETag seen there; a frame behind it is a fork. */
  readonly left?: readonly (ReadPoint & { readonly etag: string })[];
  /** Bytes and chunks that `ON_DAMAGE` or a torn tail passed over so far. */
  readonly passedOver?: { readonly chunks: number; readonly bytes: number };
  /** Chunks that a person allowed to be read in their place although something about them was found wrong. */
  readonly allowed?: readonly string[];
  /** What a person accepted to be read out of its place, from where in its chunk, and the position it begins with. */
  readonly apart?: readonly (ReadPoint & { readonly position: number })[];
}

/** The beginning of every source. */
export const beginning: Cursor = { chunk: '', offset: 0, sha1: '', position: 1 };

/** Where an event came from; written as the `eventferry` object of its metadata. */
export interface Mark {
  readonly v: 1;
  readonly source: string;
  readonly position: number;
  /** 0-based among the events that the record made. */
  readonly index: number;
  /** How many events the record made. */
  readonly count: number;
  readonly key: string;
  /** First 16 hex digits of the frame's SHA-1. */
  readonly sha1: string;
  readonly chunk: string;
  readonly offset: number;
  /** Digest of every setting that decides what is written, 8 hex digits. */
  readonly settings: string;
  /** The body was taken through the inverse of the writer's pretty-printer; formatting it gives the stored bytes. */
  readonly reformatted?: true;
  /** See {@link SourceRecord.returnTo}. */
  readonly returnTo?: ReadPoint;
  /** The event stands for a message that could not become one; see {@link SetAside}. */
  readonly quarantined?: true;
}

/** A message that could not become an event: everything that the source says of it, to be kept elsewhere. */
export interface SetAside {
  /** Names it among all of its source: made of position, index and the frame's hash. */
  readonly name: string;
  readonly source: string;
  readonly position: number;
  readonly index: number;
  /** How many messages the record has. */
  readonly count: number;
  readonly key: string;
  readonly stamp: bigint;
  /** Of the frame, 40 hex digits. */
  readonly sha1: string;
  readonly chunk: string;
  readonly offset: number;
  /** Why it could not: a kind of failure, and a sentence. */
  readonly kind: string;
  readonly reason: string;
  /** Absent for a payload that is not looked into. */
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

/** True when two marks name the same event of the same record, byte for byte at the source. */
export function sameMark(one: Mark, other: Mark): boolean {
  return one.position === other.position && one.index === other.index && one.sha1 === other.sha1;
}

/** The cursor behind a record; `known` is remembered with a record that brings nothing to remember itself. */
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
