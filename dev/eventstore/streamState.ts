import type { EventChunk } from './eventChunk.js';
import type { StreamMetadata } from './streamMetadata.js';

/** Events that were appended together, where they stand in their stream and in the log of all streams. */
export interface StoredChunk {
  readonly stream: StreamState;
  /** Revision of the first event. */
  readonly first: number;
  /** Log position of the first event; the later ones follow one by one. */
  readonly position: number;
  /** When it was accepted, in milliseconds since 1970. */
  readonly createdMs: number;
  events: EventChunk;
  /** The tombstone of its stream; it has a revision of its own. */
  readonly tombstone?: true;
}

/** One event: which of a chunk's events it is. */
export interface EventRef {
  readonly stored: StoredChunk;
  readonly index: number;
}

/** One stream as the writer and the readers see it: `accepted` runs ahead of `committed`. */
export class StreamState {
  accepted = -1;
  committed = -1;
  readonly tombstoned = { accepted: false, committed: false };
  /** What the last metadata event said when it was last looked at, by revision; kept on the metadata stream. */
  readonly parsedMetadata = new Map<'accepted' | 'committed', { revision: number; metadata: StreamMetadata }>();
  private chunks: StoredChunk[] = [];

  constructor(readonly name: string) {}

  add(stored: StoredChunk): void {
    if (stored.events.count === 0) return;
    this.chunks.push(stored);
    this.accepted = stored.first + stored.events.count - 1;
  }

  /** The event at a revision that was accepted. */
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
