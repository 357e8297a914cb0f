import type { EventChunk } from './eventChunk.js';
import type { StoredChunk, StreamState } from './streamState.js';

/** The server's limit for the ids that it remembers (`ESConsts.CommitedEventsMemCacheLimit`), in bytes. */
const LIMIT_BYTES = 8 * 1024 * 1024;

/**
 * Remembers recently written ids as the server does for ANY and STREAM_EXISTS: the first revision of each id, up to
 * 8 MiB; the oldest are forgotten first, and all at a restart. The index is built at the first look-up, so appends with
 * exact revisions never pay for it.
 */
export class RecentIds {
  private readonly places = new Map<string, { stream: StreamState; revision: number }>();
  private bytes = 0;
  private waiting: StoredChunk[] = [];
  private waitingBytes = 0;

  remember(stored: StoredChunk): void {
    this.waiting.push(stored);
    this.waitingBytes += bytesOf(stored);
    for (let oldest = this.waiting[0]; oldest; oldest = this.waiting[0]) {
      if (this.waitingBytes - bytesOf(oldest) < LIMIT_BYTES) break;
      this.waiting.shift();
      this.waitingBytes -= bytesOf(oldest);
      this.places.clear();
      this.bytes = 0;
    }
  }

  /** The first revision that has the id, if it was written to this stream. */
  find(stream: StreamState, events: EventChunk, index: number): number | undefined {
    if (this.waiting.length > 0) this.index();
    const place = this.places.get(events.idKey(index));
    return place?.stream === stream ? place.revision : undefined;
  }

  forget(): void {
    this.places.clear();
    this.bytes = 0;
    this.waiting = [];
    this.waitingBytes = 0;
  }

  private index(): void {
    for (const stored of this.waiting) {
      for (let index = 0; index < stored.events.count; index++) {
        while (this.bytes > LIMIT_BYTES) this.dropOldest();
        const key = stored.events.idKey(index);
        if (this.places.has(key)) continue;
        this.places.set(key, { stream: stored.stream, revision: stored.first + index });
        this.bytes += sizeOf(stored.stream);
      }
    }
    this.waiting = [];
    this.waitingBytes = 0;
  }

  private dropOldest(): void {
    for (const [key, { stream }] of this.places) {
      this.places.delete(key);
      this.bytes -= sizeOf(stream);
      return;
    }
    this.bytes = 0;
  }
}

/** The bytes that one id takes in the server: about 60,000 ids fit when stream names have 40 characters. */
function sizeOf(stream: StreamState): number {
  return 60 + 2 * stream.name.length;
}

function bytesOf(stored: StoredChunk): number {
  return stored.events.count * sizeOf(stored.stream);
}
