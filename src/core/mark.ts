import { z } from 'zod';
import { readPointSchema } from './cursor.js';
import { count, type Stored } from './stored.js';

/** The highest position and index that fit into an event id. */
export const maxPosition = 2 ** 48 - 1;
export const maxIndex = 2 ** 26 - 1;

export const markSchema = z
  .object({
    v: z.literal(1),
    source: z.string(),
    position: z.int().min(1).max(maxPosition),
    /** 0-based among the events that the record made. */
    index: count.max(maxIndex),
    /** How many events the record made. */
    count: z.int().min(1),
    key: z.string(),
    /** First 16 hex digits of the frame's SHA-1. */
    sha1: z.string().regex(/^[0-9a-f]{16}$/),
    chunk: z.string(),
    offset: count,
    /** Digest of every setting that decides what is written, 8 hex digits. */
    settings: z.string().regex(/^[0-9a-f]{8}$/),
    /** The writer's pretty-printing was undone in the body; formatting the body again gives the stored bytes. */
    reformatted: z.literal(true).exactOptional(),
    /** As in the record: set during a detour. */
    returnTo: z.object({ ...readPointSchema.shape, sha1: z.string().regex(/^([0-9a-f]{40})?$/) }).exactOptional(),
    /** The event stands for a quarantined message. */
    quarantined: z.literal(true).exactOptional(),
  })
  .refine((mark) => mark.index < mark.count);

/** Where an event came from; written as the `eventferry` object of its metadata. */
export type Mark = Stored<typeof markSchema>;

/** True when two marks name the same event of the same record, byte for byte at the source. */
export function sameMark(one: Mark, other: Mark): boolean {
  return one.position === other.position && one.index === other.index && one.sha1 === other.sha1;
}
