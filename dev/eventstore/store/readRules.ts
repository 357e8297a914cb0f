import type { EventStore } from './eventStore.js';
import type { EventRef, StreamState } from './streamState.js';

/** The server reads streams in pages of so many events (`ReadBatchSize`). */
const PAGE_EVENTS = 32;

/** What a read yields. Positions are sent only to clients that ask for them (control option compatibility = 1). */
export type ReadItem =
  | { kind: 'event'; ref: EventRef }
  | { kind: 'firstStreamPosition'; revision: number }
  | { kind: 'lastStreamPosition'; revision: number };

/** Whether a stream can be read at all. */
export function readability(store: EventStore, name: string): StreamState | 'deleted' | 'missing' {
  if (store.streams.isTombstoned(name, 'committed')) return 'deleted';
  const stream = store.streams.find(name);
  if (!stream || stream.committed < 0 || store.streams.isSoftDeleted(name, 'committed')) return 'missing';
  return stream;
}

/** Reads up to `count` events from a revision on, in pages as the server does, because clients can notice the pages. */
export function* readForwards(
  store: EventStore,
  stream: StreamState,
  from: number,
  count: number,
): Generator<ReadItem> {
  const { streams } = store;
  const last = stream.committed;
  let next = from;
  let left = count;
  for (let isEnd = false; !isEnd && left > 0;) {
    const first = streams.firstVisible(stream);
    const end = next + Math.min(PAGE_EVENTS, left) - 1;
    const pageStart = next;
    let sent = 0;
    if (end < first) next = first;
    else if (Math.max(next, first) > last) {
      next = last + 1;
      isEnd = true;
    } else {
      for (let revision = Math.max(next, first); revision <= Math.min(end, last); revision++) {
        const ref = stream.at(revision);
        if (!ref || streams.isExpired(ref)) continue;
        yield { kind: 'event', ref };
        sent++;
      }
      isEnd = end >= last;
      next = isEnd ? last + 1 : end + 1;
    }
    if (sent === 0 && next !== pageStart) yield { kind: 'firstStreamPosition', revision: next };
    left -= sent;
  }
  yield { kind: 'lastStreamPosition', revision: last };
}

/** Reads up to `count` events from a revision (undefined: the last one) back to the first visible one. */
export function* readBackwards(
  store: EventStore,
  stream: StreamState,
  from: number | undefined,
  count: number,
): Generator<ReadItem> {
  const { streams } = store;
  const last = stream.committed;
  const first = streams.firstVisible(stream);
  let left = count;
  for (let revision = Math.min(from ?? last, last); revision >= first && left > 0; revision--) {
    const ref = stream.at(revision);
    if (!ref || streams.isExpired(ref)) continue;
    yield { kind: 'event', ref };
    left--;
  }
  yield { kind: 'lastStreamPosition', revision: last };
}

/** Whether a reader of the whole log wants an event. */
export type EventFilter = (ref: EventRef) => boolean;

/** Reads the log of all streams, also hidden events and tombstones: on from a position, or back from before it. */
export function* readAll(
  store: EventStore,
  direction: 'forwards' | 'backwards',
  from: number,
  count: number,
  isWanted: EventFilter,
): Generator<EventRef> {
  const { log } = store;
  const forwards = direction === 'forwards';
  let left = count;
  for (let at = forwards ? firstChunkFrom(log, from) : log.length - 1; left > 0; at += forwards ? 1 : -1) {
    const stored = log[at];
    if (!stored) return;
    const events = stored.events.count;
    for (let step = 0; step < events && left > 0; step++) {
      const index = forwards ? step : events - 1 - step;
      const position = stored.position + index;
      if (forwards ? position < from : position >= from) continue;
      const ref = { stored, index };
      if (!isWanted(ref)) continue;
      yield ref;
      left--;
    }
  }
}

/** The chunk that holds a position, or the next one. */
function firstChunkFrom(log: EventStore['log'], position: number): number {
  let low = 0;
  let high = log.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const stored = log[middle];
    if (stored && stored.position + stored.events.count <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The event that a link leads to, or `undefined` when there is none; `notALink` when `ref` is not a link. */
export function resolveLink(store: EventStore, ref: EventRef): { target: EventRef | undefined } | 'notALink' {
  const { events } = ref.stored;
  if (events.type(ref.index) !== '$>') return 'notALink';
  const text = events.data(ref.index).toString();
  const at = text.indexOf('@');
  const number = (at < 0 ? text : text.slice(0, at)).trim();
  if (!/^[+-]?\d+$/.test(number)) return 'notALink';
  const revision = Number(number);
  return { target: at < 0 || revision < -1 ? undefined : store.streams.visible(text.slice(at + 1), revision) };
}
