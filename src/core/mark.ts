import { z } from 'zod';
import { readPointSchema, type Cursor, type ReadPoint } from './cursor.js';
import { count, type Stored } from './stored.js';

/** The highest position and index that fit into an event id. */
export const maxPosition = 2 ** 48 - 1;
export const maxIndex = 2 ** 26 - 1;

/** Stands in a mark where no event comes before: the nil UUID of RFC 9562. */
export const noEvent = '00000000-0000-0000-0000-000000000000';

export const markSchema = z
  .object({
    /** Marks of schema 1 do not name the event before theirs. */
    v: z.literal([1, 2]),
    /** The id of the event before this one in its stream, or {@link noEvent}: marks are a chain. */
    after: z
      .string()
      .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      .exactOptional(),
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
    /**
     * The writer's pretty-printing was undone in the body: formatting the body again with this line break gives the
     * stored bytes. Marks of schema 1 say `true`, not which line break.
     */
    reformatted: z.literal([true, '\r\n', '\n']).exactOptional(),
    /** As in the record: set during a detour. */
    returnTo: z.object({ ...readPointSchema.shape, sha1: z.string().regex(/^([0-9a-f]{40})?$/) }).exactOptional(),
    /** The event stands for a quarantined message. */
    quarantined: z.literal(true).exactOptional(),
    /** `key` is only the beginning of the record's key: the event is a placeholder, which is always small. */
    keyCut: z.literal(true).exactOptional(),
  })
  .refine(({ index, count }) => index < count)
  .refine(({ v, after }) => (v === 1) === (after === undefined))
  .refine(({ v, reformatted }) => reformatted === undefined || (v === 1) === (reformatted === true));

/** Where an event came from; written as the `eventferry` object of its metadata. */
export type Mark = Stored<typeof markSchema>;

/** True when two marks name the same event of the same record, byte for byte at the source. */
export function sameMark(one: Mark, other: Mark): boolean {
  return one.position === other.position && one.index === other.index && one.sha1 === other.sha1;
}

/** True when two marks name the same frame. */
export function isSameRecord(one: Pick<Mark, 'chunk' | 'offset'>, other: Pick<Mark, 'chunk' | 'offset'>): boolean {
  return one.chunk === other.chunk && one.offset === other.offset;
}

/**
 * True when the cursor lies after the event that the mark names. Positions grow, also during a detour. The order of
 * chunks says nothing then, but within one chunk reading only goes forward.
 */
export function liesAfter(cursor: Cursor, { position, chunk, offset, returnTo }: Mark): boolean {
  const behindMark = { chunk, offset: offset + 1 };
  return (
    cursor.position > position &&
    !precedes(cursor, behindMark) &&
    !precedes(cursor.returnTo ?? cursor, returnTo ?? behindMark)
  );
}

function precedes(one: Omit<ReadPoint, 'sha1'>, other: Omit<ReadPoint, 'sha1'>): boolean {
  return one.chunk === other.chunk && one.offset < other.offset;
}
