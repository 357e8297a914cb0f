import type { Cursor, SourceState } from '../core/cursor.js';
import type { Mark } from '../core/mark.js';
import type { SourceRecord } from '../core/record.js';

/** Records in order, and the cursor after the last of them. */
export interface SourceBatch {
  /** Made while they are asked for, each time anew: to hold one is to hold one, not the batch. */
  readonly records: Iterable<SourceRecord>;
  /** After the last record; may lie in a later chunk when only empty chunks and reported torn frames follow. */
  readonly cursor: Cursor;
}

/** How far the source goes beyond a cursor. */
export interface SourceLag {
  /** Bytes after the cursor that are not known to be free of frames; exact, from the listing. */
  readonly bytes: number;
  readonly events: number;
  /** False when `events` is an estimate. */
  readonly eventsExact: boolean;
  /** The chunk that the source ends in, empty when there is none, and its length. */
  readonly head: { readonly chunk: string; readonly bytes: number };
}

/** Where in the source's chunks a cursor stands. */
export interface ChunkMap {
  readonly chunks: number;
  readonly bytes: number;
  /** Chunks that lie wholly before the cursor, and bytes, those in its own chunk included. */
  readonly readChunks: number;
  readonly readBytes: number;
  /** The chunk of the cursor and some before and after it, in reading order. */
  readonly around: readonly { readonly name: string; readonly bytes: number; readonly readBytes: number }[];
}

/** Where the records come from: one container that holds one event log. It is only ever read. */
export interface Source {
  /**
   * Everything from the cursor to the head as it is when the reading gets there, in batches of at most
   * `READ_RECORDS` records or 4 MiB. Ends at the head; a batch may hold no record but move the cursor.
   * The bytes of a yielded record are never overwritten.
   *
   * @throws Failure of a Source* kind. Every record before the finding has been yielded by then.
   */
  read(from: Cursor, signal: AbortSignal): AsyncIterable<SourceBatch>;

  /**
   * The cursor after the record that the mark names, once its frame was read again and its SHA-1 compared.
   * `memory` is what a checkpoint row kept, if there is one.
   *
   * @throws Failure `SourceReplaced` when the frame is gone or another one.
   */
  locate(
    mark: Mark,
    memory: SourceState | undefined,
    signal: AbortSignal,
  ): Promise<{ record: SourceRecord; cursor: Cursor }>;

  /**
   * One look for something after the cursor: true when `read` would find bytes to look at. At most two storage
   * calls, however many chunks there are, but for the full listing that is due every `LIST_ALL_SECONDS`.
   */
  poll(cursor: Cursor, signal: AbortSignal): Promise<boolean>;

  /** True when no chunk holds a frame. */
  isEmpty(signal: AbortSignal): Promise<boolean>;

  /** How far the head is beyond the cursor. */
  lag(cursor: Cursor, signal: AbortSignal): Promise<SourceLag>;

  /** Where the cursor stands among the chunks, as the last listing showed them; lists only when that is due. */
  chunkMap(cursor: Cursor, signal: AbortSignal): Promise<ChunkMap>;

  /**
   * The cursor from which the chunk named is read now, after what was read already: the decision on
   * `SourceReordered` and `SourceForked`. For a `SourceGap` it is the same cursor with the gap allowed.
   */
  accept(chunk: string, cursor: Cursor, signal: AbortSignal): Promise<Cursor>;
}
