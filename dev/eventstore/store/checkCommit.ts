/** Expected revisions as the server numbers them; anything from 0 up is an exact revision. */
export const NO_STREAM = -1;
export const ANY = -2;
export const STREAM_EXISTS = -4;

/** What the server's writer knows about a stream: all accepted events, whether or not readers can see them yet. */
export interface StreamFacts {
  /** Revision of the last event accepted, -1 if there never was one. */
  readonly lastRevision: number;
  /** Revision of the last event that readers can see. */
  readonly committedRevision: number;
  readonly tombstoned: boolean;
  readonly softDeleted: boolean;
  /** Whether anything was ever written to the stream's metadata stream. */
  readonly hasMetadata: boolean;
}

/** What the decision needs to know about the events of an append: their number and their ids. */
export interface BatchFacts {
  readonly count: number;
  /** Whether the stream holds the id of event `index` at `revision`. */
  isStoredAt(index: number, revision: number): boolean;
  /** The first revision with the id of event `index`, if the id is remembered and was written to this stream. */
  recentRevision(index: number): number | undefined;
}

export type CommitDecision =
  /** The append is written; `undelete` when that brings a soft-deleted stream back. */
  | { kind: 'ok'; undelete: boolean }
  /** The events are in the stream already: nothing is written, and the answer names their revisions. */
  | { kind: 'repeat'; first: number; last: number }
  /** The same append is still being written: the request is dropped without an answer. */
  | { kind: 'repeatInFlight' }
  | { kind: 'wrongExpectedVersion' }
  | { kind: 'deleted' };

const WRONG: CommitDecision = { kind: 'wrongExpectedVersion' };
const DELETED: CommitDecision = { kind: 'deleted' };

/**
 * Decides about an append as EventStoreDB does (`IndexWriter.CheckCommit`): it compares ids, never bodies.
 * `expected` is {@link NO_STREAM}, {@link ANY}, {@link STREAM_EXISTS} or an exact revision.
 */
export function checkCommit(stream: StreamFacts, expected: number, batch: BatchFacts): CommitDecision {
  if (stream.tombstoned) return DELETED;
  if (expected === STREAM_EXISTS) {
    if (stream.softDeleted) return DELETED;
    if (stream.lastRevision < 0 && !stream.hasMetadata) return WRONG;
  }
  if (expected === ANY || expected === STREAM_EXISTS) return checkById(stream, batch);
  if (expected > stream.lastRevision) return WRONG;
  if (expected === stream.lastRevision) return { kind: 'ok', undelete: stream.softDeleted };
  return checkByRevision(stream, expected, batch);
}

/** For ANY and STREAM_EXISTS: recognises events by the recently written ids, wherever in the stream they are. */
function checkById(stream: StreamFacts, batch: BatchFacts): CommitDecision {
  let first = -1;
  let last = -1;
  for (let index = 0; index < batch.count; index++) {
    const revision = batch.recentRevision(index);
    if (revision === undefined) return index === 0 ? { kind: 'ok', undelete: stream.softDeleted } : WRONG;
    if (index === 0) first = revision;
    last = revision;
  }
  return batch.count === 0 ? { kind: 'ok', undelete: stream.softDeleted } : known(stream, first, last);
}

/** For an expected revision below the last one: recognises the batch when its events follow that revision, in order. */
function checkByRevision(stream: StreamFacts, expected: number, batch: BatchFacts): CommitDecision {
  for (let index = 0; index < batch.count; index++) {
    if (batch.isStoredAt(index, expected + 1 + index)) continue;
    const startsAnew = index === 0 && expected === NO_STREAM && stream.softDeleted;
    return startsAnew ? { kind: 'ok', undelete: true } : WRONG;
  }
  return batch.count === 0 ? WRONG : known(stream, expected + 1, expected + batch.count);
}

function known(stream: StreamFacts, first: number, last: number): CommitDecision {
  return last > stream.committedRevision ? { kind: 'repeatInFlight' } : { kind: 'repeat', first, last };
}
