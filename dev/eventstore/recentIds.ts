import type { EventChunk } from './eventChunk.js';
import type { StoredChunk, StreamState } from './streamState.js';

/** The server's bound for its memory of written ids (`ESConsts.CommitedEventsMemCacheLimit`), in bytes. */
const LIMIT_BYTES = 8 * 1024 * 1024;

/**
 * Remembers lately written ids as the server does for ANY and STREAM_EXISTS: the first place of each id, up to 8 MiB,
 * oldest forgotten first, nothing after a restart. The index is only built when somebody asks: a target that is
 * written with exact revisions never pays for it.
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

  /** The revision an id was first given, if that was in this stream. */
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

/** What one id costs the server: about 60,000 ids fit for stream names of 40 characters. */
function sizeOf(stream: StreamState): number {
  return 60 + 2 * stream.name.length;
}

function bytesOf(stored: StoredChunk): number {
  return stored.events.count * sizeOf(stored.stream);
}
