import { z } from 'zod';
import { count, open, text, type Stored } from './stored.js';

export const readPointSchema = open({
  /** Chunk name; empty before the first chunk. */
  chunk: text,
  /** Byte offset of the next frame. */
  offset: count,
  /** Hex SHA-1 of the frame that ends at `offset`; empty at offset 0. */
  sha1: text,
});

/** A byte place in the source, with the hash of the frame that ends there. */
export type ReadPoint = Stored<typeof readPointSchema>;

export const sourceStateSchema = open({
  /** The variant that all frames have, and the chunk whose first frame showed it. */
  frames: open({ variant: z.enum(['varint', 'int32']), chunk: text }).exactOptional(),
  /** Two chunks that hold frames of different variants, in rows of versions that read both. */
  eras: open({ int32Until: text, varintFrom: text }).exactOptional(),
  /** How many names sort before a chunk (the cursor's, when this was noted), and a digest of them. */
  namesBefore: open({ chunk: text.exactOptional(), count, digest: text }).exactOptional(),
  /** The chunks left last, with the point of leaving and the ETag seen there; a frame after it is a fork. */
  left: z.array(readPointSchema.extend({ etag: text })).exactOptional(),
  /** Bytes and chunks that `ON_DAMAGE` or a torn frame passed over so far. */
  passedOver: open({ chunks: count, bytes: count }).exactOptional(),
  /** Chunks that a person allowed to be read in their place although something about them was found wrong. */
  allowed: z.array(text).exactOptional(),
  /** What a person accepted to be read out of its place, from where in its chunk, and the position it begins with. */
  apart: z.array(readPointSchema.extend({ position: count.min(1) })).exactOptional(),
});

/** What a source remembers about the names and chunks before its cursor. Plain JSON. */
export type SourceState = Stored<typeof sourceStateSchema>;

/** Where the next frame starts, and everything a source must remember to notice what changed before it. */
export interface Cursor extends ReadPoint {
  /** The position that the next record will have; 1 at the beginning. */
  readonly position: number;
  /** Set while an accepted chunk is read out of its place: where the main reading goes on afterwards. */
  readonly returnTo?: ReadPoint;
  /** What the source wants to find again; plain JSON, written and read by the source alone. */
  readonly memory?: SourceState;
}

/** The beginning of every source. */
export const beginning: Cursor = { chunk: '', offset: 0, sha1: '', position: 1 };
