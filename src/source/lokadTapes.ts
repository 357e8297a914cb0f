import { beginning, type Cursor } from '../core/cursor.js';
import { accept } from './watch/accept.js';
import { confirmEnd } from './chunks/chunkState.js';
import { chunkMap } from './views/map.js';
import { lag } from './views/lag.js';
import { locate } from './reading/locate.js';
import { nextPosition, type ReadPosition } from './reading/position.js';
import type { Source } from './source.js';
import { bytesAfter, readStart } from './reading/blobReader.js';
import { TapeReading } from './reading/reading.js';
import { Tapes, type TapeOptions } from './tapes.js';

/**
 * A container of Lokad.CQRS v3 tapes: page blobs (or block blobs, where they were copied) of frames, all with int32 or
 * all with varint lengths. Contacts nothing until it is used. It keeps what it learns about the chunks, so one of it
 * should live as long as its process.
 */
export function lokadTapes(options: TapeOptions): Source {
  const tapes = new Tapes(options);
  return {
    read: (from, signal) => new TapeReading(tapes, from, signal).batches(),
    locate: (mark, memory, signal) => locate(tapes, mark, memory, signal),
    poll: async (cursor, signal) => {
      const found = await poll(tapes, cursor, signal);
      tapes.polledAt = found ? cursor : undefined;
      return found;
    },
    isEmpty: async (signal) => {
      await tapes.list(beginning, 'now', signal);
      return !(await tapes.probe.firstWithFrame(tapes.catalog.ordered, signal));
    },
    lag: (cursor, signal) => lag(tapes, cursor, signal),
    chunkMap: (cursor, signal) => chunkMap(tapes, cursor, signal),
    accept: (chunk, cursor, signal) => accept(tapes, chunk, cursor, signal),
  };
}

async function poll(tapes: Tapes, cursor: Cursor, signal: AbortSignal): Promise<boolean> {
  await tapes.freshen(cursor, 'poll', signal);
  const next = nextPosition(tapes, cursor);
  if (next.kind !== 'read') return next.kind !== 'wait';
  // Something that was not looked at yet, or not to its end.
  if (!next.place.isLast || tapes.isVerdictDue(next.place)) return true;
  return isNew(tapes, next.place, signal);
}

/** One conditional read at the head; what it gives is kept for the reading. */
async function isNew(tapes: Tapes, place: ReadPosition, signal: AbortSignal): Promise<boolean> {
  const { chunk, end } = place;
  const fetch = { chunk, start: readStart(place), count: tapes.minRangeBytes, knownEtag: end?.etag };
  const fetched = await tapes.ahead.fetch({ ...fetch, ...tapes.seen(place) }, signal);
  const { answer } = fetched;
  if (answer.kind === 'unchanged') {
    if (end) confirmEnd(end, answer.date, fetched);
    return false;
  }
  if (!bytesAfter(place, answer)) return false;
  tapes.ahead.keep(fetched);
  return true;
}
