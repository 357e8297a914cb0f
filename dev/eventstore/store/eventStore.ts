import { checkCommit, type BatchFacts, type StreamFacts } from './checkCommit.js';
import { CommitQueue, inMemory, type Persist } from './commitQueue.js';
import type { EventChunk } from './eventChunk.js';
import { decodeEntries, encodeEntries, type JournalEntry } from '../journal/journalRecord.js';
import { RecentIds } from './recentIds.js';
import { serverMadeEvent } from './serverMadeEvent.js';
import { recreatedJson, SOFT_DELETE_JSON } from './streamMetadata.js';
import { metastreamOf, originalOf, Streams } from './streams.js';
import { StreamState, type StoredChunk } from './streamState.js';

/** What the store decided about a write: refused, repeated, or accepted and to be committed. */
export type WriteOutcome =
  | { kind: 'accepted'; revision: number; position: number }
  /** Written before. Without `position` the event cannot be read now; if not `answerable`, the server never answers. */
  | { kind: 'repeat'; revision: number; position: number | undefined; answerable: boolean }
  | { kind: 'repeatInFlight' }
  | { kind: 'wrongExpectedVersion'; current: number }
  | { kind: 'deleted' };

export interface EventStoreOptions {
  /** Makes accepted writes durable; without it they are in memory only. */
  persist?: Persist;
  /** Keep ids, types and metadata, but no data; for runs that write more than fits in memory. */
  discardBodies?: boolean;
}

const NEVER_STORED: BatchFacts = { count: 1, isStoredAt: () => false, recentRevision: () => undefined };

/** The store: one writer decides about appends and accepts them; readers see what is committed. */
export class EventStore {
  readonly streams = new Streams();
  readonly commits: CommitQueue;
  /** All committed events, in the order of their commits. */
  log: StoredChunk[] = [];
  private readonly recentIds = new RecentIds();
  private nextPosition = 0;

  constructor(private readonly options: EventStoreOptions = {}) {
    this.commits = new CommitQueue(options.persist ?? inMemory);
  }

  /** Decides whether to accept an append. `onCommitted` is called later when it was accepted. */
  append(name: string, expected: number, events: EventChunk, onCommitted: () => void): WriteOutcome {
    const stream = this.streams.find(name) ?? new StreamState(name);
    const facts = this.factsOf(stream);
    const decision = checkCommit(facts, expected, this.batchFacts(stream, events));
    if (decision.kind === 'wrongExpectedVersion') return { kind: decision.kind, current: facts.lastRevision };
    if (decision.kind === 'repeat') return this.repeat(name, decision.first, decision.last);
    if (decision.kind !== 'ok') return decision;

    const recreated = decision.undelete ? name : this.softDeletedOriginal(name);
    const before = facts.lastRevision;
    const lastOfRecreated = recreated === undefined ? -1 : (this.streams.find(recreated)?.accepted ?? -1);
    const entries = events.count > 0 ? [this.eventsEntry(name, before + 1, events)] : [];
    const stored = this.accept(entries);
    if (recreated !== undefined) {
      const recreation = this.recreation(recreated, lastOfRecreated + 1);
      entries.push(...recreation);
      stored.push(...this.accept(recreation));
    }
    this.commit(entries, stored, onCommitted);
    const position = (stored[0]?.position ?? this.nextPosition) + Math.max(0, events.count - 1);
    return { kind: 'accepted', revision: before + events.count, position };
  }

  /** Hides a stream by its metadata, as `Delete` does. */
  softDelete(name: string, expected: number, onCommitted: () => void): WriteOutcome {
    const facts = this.factsOf(this.streams.find(name) ?? new StreamState(name));
    const refused = refusedDelete(facts, expected);
    if (refused) return refused;
    if (facts.lastRevision < 0 && !facts.hasMetadata) return { kind: 'wrongExpectedVersion', current: -1 };
    return this.acceptDelete([this.metadataEntry(name, SOFT_DELETE_JSON)], onCommitted);
  }

  /** Deletes a stream for ever, as `Tombstone` does. */
  tombstone(name: string, expected: number, onCommitted: () => void): WriteOutcome {
    const refused = refusedDelete(this.factsOf(this.streams.find(name) ?? new StreamState(name)), expected);
    if (refused) return refused;
    const events = serverMadeEvent('$streamDeleted', 'application/octet-stream');
    return this.acceptDelete([{ kind: 'tombstone', stream: name, createdMs: Date.now(), events }], onCommitted);
  }

  /** Takes a stream back to an earlier revision, as a restored backup would; -1 takes it back to never written. */
  async truncate(name: string, revision: number): Promise<void> {
    await this.commits.drained();
    const entries: JournalEntry[] = [{ kind: 'truncate', stream: name, revision }];
    await new Promise<void>((resolve) => this.commit(entries, this.accept(entries), resolve));
  }

  /** Forgets the ids that are remembered for ANY, as every restart does, even one that keeps all data. */
  forgetRecentIds(): void {
    this.recentIds.forget();
  }

  /** Restores the store from one record of the journal. */
  replay(record: Buffer): void {
    for (const stored of this.accept([...decodeEntries(record)])) this.show(stored);
    this.recentIds.forget();
  }

  private factsOf(stream: StreamState): StreamFacts {
    return {
      lastRevision: stream.accepted,
      committedRevision: stream.committed,
      tombstoned: this.streams.isTombstoned(stream.name, 'accepted'),
      softDeleted: this.streams.isSoftDeleted(stream.name, 'accepted'),
      hasMetadata: (this.streams.find(metastreamOf(stream.name))?.accepted ?? -1) >= 0,
    };
  }

  private batchFacts(stream: StreamState, events: EventChunk): BatchFacts {
    return {
      count: events.count,
      isStoredAt: (index, revision) => {
        const ref = stream.at(revision);
        return ref !== undefined && events.hasSameId(index, ref.stored.events, ref.index);
      },
      recentRevision: (index) => this.recentIds.find(stream, events, index),
    };
  }

  /** The real server fails to build its answer when the last event is two or more revisions before the first. */
  private repeat(name: string, first: number, last: number): WriteOutcome {
    const ref = this.streams.visible(name, last);
    const position = ref && ref.stored.position + ref.index;
    return { kind: 'repeat', revision: last, position, answerable: last - first + 1 >= 0 };
  }

  private softDeletedOriginal(name: string): string | undefined {
    const original = originalOf(name);
    return original !== undefined && this.streams.isSoftDeleted(original, 'accepted') ? original : undefined;
  }

  /** Brings a soft-deleted stream back. Its other metadata is kept, and its old events stay hidden. */
  private recreation(name: string, truncateBefore: number): JournalEntry[] {
    const meta = this.streams.find(metastreamOf(name));
    const last = meta?.at(meta.accepted);
    const json = last && recreatedJson(last.stored.events.data(last.index), truncateBefore);
    return json ? [this.metadataEntry(name, json)] : [];
  }

  private metadataEntry(name: string, json: Buffer): JournalEntry {
    const metastream = metastreamOf(name);
    const first = (this.streams.find(metastream)?.accepted ?? -1) + 1;
    return this.eventsEntry(metastream, first, serverMadeEvent('$metadata', 'application/json', json));
  }

  private eventsEntry(stream: string, first: number, events: EventChunk): JournalEntry {
    const bodiless = this.options.discardBodies === true && originalOf(stream) === undefined;
    return { kind: 'events', stream, first, createdMs: Date.now(), events: bodiless ? events.withoutData() : events };
  }

  private acceptDelete(entries: JournalEntry[], onCommitted: () => void): WriteOutcome {
    const stored = this.accept(entries);
    this.commit(entries, stored, onCommitted);
    return { kind: 'accepted', revision: -1, position: stored[0]?.position ?? 0 };
  }

  /** Makes events known to the writer, which counts with them from now on. */
  private accept(entries: readonly JournalEntry[]): StoredChunk[] {
    return entries.flatMap((entry) => {
      if (entry.kind === 'truncate') {
        this.cut(entry.stream, entry.revision);
        return [];
      }
      const stream = this.streams.findOrAdd(entry.stream);
      const { createdMs, events } = entry;
      const position = this.nextPosition;
      this.nextPosition += events.count;
      if (entry.kind === 'tombstone') {
        stream.tombstoned.accepted = true;
        return [{ stream, first: stream.accepted + 1, position, createdMs, events, tombstone: true as const }];
      }
      const stored: StoredChunk = { stream, first: entry.first, position, createdMs, events };
      stream.add(stored);
      this.recentIds.remember(stored);
      return [stored];
    });
  }

  private commit(entries: readonly JournalEntry[], stored: readonly StoredChunk[], onCommitted: () => void): void {
    this.commits.push(this.options.persist ? encodeEntries(entries) : [], () => {
      for (const chunk of stored) this.show(chunk);
      onCommitted();
    });
  }

  /** Makes events visible to readers. */
  private show(stored: StoredChunk): void {
    if (stored.tombstone) stored.stream.tombstoned.committed = true;
    else stored.stream.committed = stored.first + stored.events.count - 1;
    this.log.push(stored);
  }

  private cut(name: string, revision: number): void {
    for (const gone of revision < 0 ? [name, metastreamOf(name)] : [name]) {
      this.streams.find(gone)?.truncate(gone === name ? revision : -1);
      if (revision < 0) {
        this.streams.remove(gone);
        this.log = this.log.filter(({ stream }) => stream.name !== gone);
      }
    }
    this.log = this.log.filter(({ events }) => events.count > 0);
    this.recentIds.forget();
  }
}

function refusedDelete(facts: StreamFacts, expected: number): WriteOutcome | undefined {
  const decision = checkCommit(facts, expected, NEVER_STORED);
  if (decision.kind === 'ok') return undefined;
  return decision.kind === 'deleted' ? decision : { kind: 'wrongExpectedVersion', current: facts.lastRevision };
}
