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

/** A place in the source, with the hash of the frame that ends there. */
export type ReadPoint = Stored<typeof readPointSchema>;

/** What a person allowed about a chunk. `gap`: it is read in its place, although records before it are missing. */
const allowanceSchema = open({ kind: z.literal('gap'), chunk: text });

/** Rows once held names: the one of a chunk allowed a gap; one with a prefix meant what is `SourceMixed` now. */
function allowanceOf(stored: z.infer<typeof allowanceSchema> | string): z.infer<typeof allowanceSchema>[] {
  if (typeof stored !== 'string') return [stored];
  return stored.startsWith('other-era:') ? [] : [{ kind: 'gap', chunk: stored }];
}

export const sourceStateSchema = open({
  /** The variant that all frames have, and the chunk whose first frame showed it. */
  frames: open({ variant: z.enum(['varint', 'int32']), chunk: text }).exactOptional(),
  /** Two chunks that hold frames of different variants, in rows of versions that read both. */
  eras: open({ int32Until: text, varintFrom: text }).exactOptional(),
  /** How many names sort before a chunk (the cursor's, when this was noted), and a digest of them. */
  namesBefore: open({ chunk: text.exactOptional(), count, digest: text }).exactOptional(),
  /** The watched chunks: where reading left each, and its ETag then. A frame after that place is a fork. */
  left: z.array(readPointSchema.extend({ etag: text })).exactOptional(),
  /** Bytes and chunks that `ON_DAMAGE` or a torn frame passed over so far. */
  passedOver: open({ chunks: count, bytes: count }).exactOptional(),
  allowed: z
    .array(z.union([allowanceSchema, text]))
    .transform((stored) => stored.flatMap(allowanceOf))
    .exactOptional(),
  /** Detours that a person accepted: where each begins in its chunk, and at which position. */
  apart: z.array(readPointSchema.extend({ position: count.min(1) })).exactOptional(),
});

/** What a source must find again after a restart about the chunks before its cursor. Plain JSON. */
export type SourceState = Stored<typeof sourceStateSchema>;

/** Where the next frame starts, and what a source needs to notice changes before that place. */
export interface Cursor extends ReadPoint {
  /** The position that the next record will have; 1 at the beginning. */
  readonly position: number;
  /** Set during a detour: where reading continues afterwards. */
  readonly returnTo?: ReadPoint;
  /** The source's state; plain JSON, written and read by the source alone. */
  readonly memory?: SourceState;
}

/** The beginning of every source. */
export const beginning: Cursor = { chunk: '', offset: 0, sha1: '', position: 1 };
