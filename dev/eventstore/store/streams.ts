import { StreamState, type EventRef } from './streamState.js';
import {
  METASTREAM_METADATA,
  NO_METADATA,
  SOFT_DELETED,
  parseStreamMetadata,
  type StreamMetadata,
} from './streamMetadata.js';

/** `accepted` is what the writer sees, `committed` what readers see. */
export type View = 'accepted' | 'committed';

const METASTREAM_PREFIX = '$$';

export function metastreamOf(name: string): string {
  return METASTREAM_PREFIX + name;
}

/** The stream that a metadata stream belongs to; undefined when `name` is not a metadata stream. */
export function originalOf(name: string): string | undefined {
  return name.startsWith(METASTREAM_PREFIX) ? name.slice(METASTREAM_PREFIX.length) : undefined;
}

/** All streams by name, and which of their events are visible. */
export class Streams {
  private readonly byName = new Map<string, StreamState>();

  get names(): string[] {
    return [...this.byName.keys()];
  }

  find(name: string): StreamState | undefined {
    return this.byName.get(name);
  }

  findOrAdd(name: string): StreamState {
    const found = this.byName.get(name);
    if (found) return found;
    const stream = new StreamState(name);
    this.byName.set(name, stream);
    return stream;
  }

  remove(name: string): void {
    this.byName.delete(name);
  }

  metadataOf(name: string, view: View): StreamMetadata {
    if (originalOf(name) !== undefined) return METASTREAM_METADATA;
    const meta = this.find(metastreamOf(name));
    const revision = meta?.[view] ?? -1;
    if (meta === undefined || revision < 0 || meta.tombstoned[view]) return NO_METADATA;
    const known = meta.parsedMetadata.get(view);
    if (known?.revision === revision) return known.metadata;
    const event = meta.at(revision);
    const isJson = event?.stored.events.isJson(event.index) === true;
    const metadata = event && isJson ? parseStreamMetadata(event.stored.events.data(event.index)) : NO_METADATA;
    meta.parsedMetadata.set(view, { revision, metadata });
    return metadata;
  }

  isSoftDeleted(name: string, view: View): boolean {
    return this.metadataOf(name, view).truncateBefore === SOFT_DELETED;
  }

  /** Whether a stream is tombstoned. A tombstone also ends the stream's metadata stream. */
  isTombstoned(name: string, view: View): boolean {
    if (this.find(name)?.tombstoned[view] === true) return true;
    const original = originalOf(name);
    return original !== undefined && this.isTombstoned(original, view);
  }

  /** The lowest revision that readers may see. */
  firstVisible(stream: StreamState): number {
    const { maxCount, truncateBefore } = this.metadataOf(stream.name, 'committed');
    return Math.max(0, maxCount === undefined ? 0 : stream.committed - maxCount + 1, truncateBefore ?? 0);
  }

  /** Whether an event is older than its stream's maximum age, and so hidden. */
  isExpired({ stored }: EventRef): boolean {
    const { maxAgeSeconds } = this.metadataOf(stored.stream.name, 'committed');
    return maxAgeSeconds !== undefined && stored.createdMs < Date.now() - maxAgeSeconds * 1000;
  }

  /** The event that a reader gets for a revision (-1: the last one); undefined when none is visible. */
  visible(name: string, revision: number): EventRef | undefined {
    const stream = this.find(name);
    if (stream === undefined || this.isTombstoned(name, 'committed')) return undefined;
    const wanted = revision === -1 ? stream.committed : revision;
    if (wanted > stream.committed || wanted < this.firstVisible(stream)) return undefined;
    const ref = stream.at(wanted);
    return ref && !this.isExpired(ref) ? ref : undefined;
  }
}
