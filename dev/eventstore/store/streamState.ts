import type { EventChunk } from './eventChunk.js';
import type { StreamMetadata } from './streamMetadata.js';

/** Events that were appended together, with their places in their stream and in the log of all streams. */
export interface StoredChunk {
  readonly stream: StreamState;
  /** Revision of the first event. */
  readonly first: number;
  /** Log position of the first event; each later one has the next position. */
  readonly position: number;
  /** When the events were accepted, in milliseconds since 1970. */
  readonly createdMs: number;
  events: EventChunk;
  /** This is the tombstone of its stream, which has a special revision. */
  readonly tombstone?: true;
}

/** One event: its chunk, and its index there. */
export interface EventRef {
  readonly stored: StoredChunk;
  readonly index: number;
}

/** One stream, as the writer sees it (`accepted`) and as readers see it (`committed`, which may have fewer events). */
export class StreamState {
  accepted = -1;
  committed = -1;
  readonly tombstoned = { accepted: false, committed: false };
  /** A cache on a metadata stream: the metadata as last parsed, and the revision of the event that has it. */
  readonly parsedMetadata = new Map<'accepted' | 'committed', { revision: number; metadata: StreamMetadata }>();
  private chunks: StoredChunk[] = [];

  constructor(readonly name: string) {}

  add(stored: StoredChunk): void {
    if (stored.events.count === 0) return;
    this.chunks.push(stored);
    this.accepted = stored.first + stored.events.count - 1;
  }

  /** The accepted event at a revision. */
  at(revision: number): EventRef | undefined {
    if (revision < 0 || revision > this.accepted) return undefined;
    let low = 0;
    let high = this.chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.chunks[middle]?.first ?? Infinity) <= revision) low = middle;
      else high = middle - 1;
    }
    const stored = this.chunks[low];
    if (stored === undefined) return undefined;
    const index = revision - stored.first;
    return index >= 0 && index < stored.events.count ? { stored, index } : undefined;
  }

  /** Forgets every event after `revision`. */
  truncate(revision: number): void {
    for (const stored of this.chunks) {
      const left = Math.min(stored.events.count, Math.max(0, revision + 1 - stored.first));
      if (left < stored.events.count) stored.events = stored.events.take(left);
    }
    this.chunks = this.chunks.filter((stored) => stored.events.count > 0);
    this.accepted = Math.min(this.accepted, revision);
    this.committed = Math.min(this.committed, revision);
    this.parsedMetadata.clear();
  }
}
