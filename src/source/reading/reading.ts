import { setImmediate as turn } from 'node:timers/promises';
import type { Cursor } from '../../core/cursor.js';
import { bytesAfter, readStart, type ChunkBytes } from './blobReader.js';
import { chunkEnd, confirmEnd, type ChunkEnd } from '../chunks/chunkState.js';
import { checkGap, corrupt, holdsOther, incomplete, missingBefore, reportPassedOver, restless } from '../failures.js';
import { isZero, parseFrame, ParsedFrame, type FrameState } from '../lokad/frame.js';
import { linkedAbort } from '../../core/time.js';
import { PendingBatch } from './batch.js';
import { isListedSo, isPassable, nextPosition, Ranges, type ReadPosition } from './position.js';
import { passTorn, undecidedLimit, waitForFrame } from './settling.js';
import { Turns } from './turns.js';
import type { Fetched } from './readAhead.js';
import { examineRest } from '../lokad/endOfChunk.js';
import type { SourceBatch } from '../source.js';
import type { Onward, Tapes } from '../tapes.js';

/** Gives batches, and ends with whether there may be more to read now. */
type Steps = AsyncGenerator<SourceBatch, 'more' | 'head'>;

/** One reading from a cursor to the head: see `Source.read`. */
export class TapeReading {
  private readonly batch: PendingBatch;
  private readonly frame = new ParsedFrame();
  private readonly ending;
  private readonly signal: AbortSignal;
  private readonly ranges: Ranges;
  private undecided = 0;
  private readonly turns = new Turns();
  /** At the head, chunks that are new must have been looked for since this reading, or the poll before it, began. */
  private onward: 'when due' | 'now';
  /** The chunk because of which all names were listed. */
  private doubted: string | undefined;
  /** The chunk that was seen last while it was still being copied into the container. */
  private copying: string | undefined;

  constructor(
    private readonly tapes: Tapes,
    from: Cursor,
    signal: AbortSignal,
  ) {
    this.batch = new PendingBatch(tapes, from);
    this.ranges = new Ranges(tapes);
    const { polledAt } = tapes;
    this.onward = polledAt && polledAt.chunk === from.chunk && polledAt.offset === from.offset ? 'when due' : 'now';
    tapes.polledAt = undefined;
    this.ending = linkedAbort([signal]);
    this.signal = this.ending.signal;
  }

  async *batches(): AsyncGenerator<SourceBatch> {
    try {
      yield* this.readToHead();
      yield* this.flush();
    } catch (thrown) {
      // guard: found-before-a-stop
      if (!this.signal.aborted) yield* this.flush();
      throw thrown;
    } finally {
      this.ending.release();
      this.ending.abort();
      this.tapes.ahead.drop();
    }
  }

  private async *readToHead(): AsyncGenerator<SourceBatch> {
    await this.lookAround('no');
    for (let lookedFurther = false; ;) {
      const next = nextPosition(this.tapes, this.batch.cursor);
      if (next.kind === 'return') {
        this.batch.returnFrom(next.left);
        await this.tapes.compare(this.batch.cursor, this.signal);
      } else if (next.kind === 'read' && (yield* this.step(next.place)) === 'more') {
        await this.lookAround('no');
      } else {
        yield* this.flush();
        if (lookedFurther || !(await this.lookAround(this.onward))) {
          if (next.kind === 'copying') throw incomplete(next.chunk, next.status);
          return;
        }
        lookedFurther = true;
      }
    }
  }

  /** Makes the listing that is due, if one is; false when none was. */
  private async lookAround(onward: Onward): Promise<boolean> {
    const found = await this.tapes.freshen(this.batch.cursor, onward, this.signal);
    if (found === 'change' || !this.batch.memory) this.batch.rememberAnew();
    if (found !== 'not due') this.onward = 'when due';
    return found !== 'not due';
  }

  private async *flush(): AsyncGenerator<SourceBatch> {
    const batch = this.batch.take();
    if (!batch) return;
    yield batch;
    await turn();
  }

  private async *step(place: ReadPosition): Steps {
    if (this.tapes.isVerdictDue(place)) return yield* this.judge(place);
    // guard: known-end-that-is-listed
    if (isListedSo(place) && !this.tapes.ahead.holds(place.chunk)) return 'head';
    const fetch = this.ranges.fetchFor(place);
    this.ranges.fetchAhead(fetch, place, this.signal);
    if (this.batch.isFair || !this.tapes.ahead.isReady(fetch)) yield* this.flush();
    const fetched = await this.tapes.ahead.take(fetch, this.signal);
    const from = this.ranges.salvageAt(place);
    const { answer } = fetched;
    if (answer.kind === 'unchanged') return yield* this.stillEnds(place, fetched, answer.date);
    // A look at a single frame has kept bytes of the version whose end is known: they tell nothing new.
    if (answer.kind === 'bytes' && from === undefined && answer.read.etag === place.end?.etag)
      return yield* this.stillEnds(place, fetched, answer.read.date);
    const read = bytesAfter(from === undefined ? place : { ...place, offset: 0 }, answer);
    // guard: copy-in-progress-as-read
    if (read?.openCopy !== undefined) {
      // What was fetched ahead may be old by now: a second look decides.
      if (this.copying === place.chunk) throw incomplete(place.chunk, read.openCopy);
      this.copying = place.chunk;
      return 'more';
    }
    if (read) return yield* this.consume(place, fetched, read, from ?? place.offset);
    const nothing = { etag: place.listed?.etag ?? '', chunkBytes: 0, lastModified: 0, date: 0 };
    return this.endAt(
      place,
      chunkEnd(nothing, fetched, { offset: place.offset, kind: 'clean', foundAt: this.tapes.now }),
    );
  }

  /** Takes the frames of a range, from an offset in the chunk on. */
  private async *consume(place: ReadPosition, fetched: Fetched, read: ChunkBytes, from: number): Steps {
    const { frame, batch } = this;
    let at = from - read.start;
    let state = parseFrame(read.bytes, at, place.variant, frame);
    if (state === 'valid' && place.passed.length + Number(this.batch.cursor.chunk === '') > 0) {
      // guard: listing-before-a-gap-is-believed
      if (await this.mayHaveMissedNames(place)) return 'more';
      // What others have listed since would be remembered as if it had always been there.
      // guard: listings-of-others
      if (!this.tapes.isCompared) return 'more';
      if (!place.apart) checkGap(this.tapes, place.chunk, batch.position, batch.memory);
      batch.enter(place);
    }
    for (; state === 'valid'; state = parseFrame(read.bytes, at, place.variant, frame)) {
      this.ranges.salvage = undefined;
      this.undecided = 0;
      const frameBytes = frame.end - at;
      this.tapes.sawFrame(frameBytes);
      batch.add(read, at, frame);
      at = frame.end;
      if (batch.isFull) yield* this.flush();
      if (this.turns.isDue(frameBytes)) await this.turns.give(this.signal);
    }
    return yield* this.atStop({ ...place, offset: read.start + at }, fetched, read, at, state);
  }

  /** A gap may only mean that the listings since the last full one did not show a chunk: all names are listed first. */
  private async mayHaveMissedNames({ chunk, apart }: ReadPosition): Promise<boolean> {
    if (apart || this.doubted === chunk || missingBefore(chunk, this.batch.position) <= 0) return false;
    this.doubted = chunk;
    await this.tapes.catalog.listAll(this.signal);
    if (await this.tapes.compare(this.batch.cursor, this.signal)) this.batch.rememberAnew();
    return true;
  }

  /** Finds out why no valid frame stands at the place, which is `at` in the bytes. */
  private async *atStop(
    place: ReadPosition,
    fetched: Fetched,
    read: ChunkBytes,
    at: number,
    state: Exclude<FrameState, 'valid'>,
  ): Steps {
    const end = read.start + read.bytes.length + fetched.zeroBytes;
    const atEnd = end >= read.chunkBytes;
    const frameEnd = read.start + this.frame.end;
    // Within the range a frame can only be cut by zeros, and none ends with zeros.
    // guard: frame-beyond-a-range
    if (state === 'incomplete' && frameEnd > end && frameEnd <= read.chunkBytes) {
      this.ranges.enlarge(frameEnd - readStart(place));
      return 'more';
    }
    this.ranges.frameNeedsBytes = 0;
    const known = this.tapes.ends.get(place.chunk)?.kind;
    const mayBeOpen = place.isLast && (known === 'clean' || known === 'open');
    if (isZero(read.bytes, at, read.bytes.length) && (atEnd || mayBeOpen)) {
      const kind = atEnd ? 'clean' : 'open';
      return this.endAt(place, chunkEnd(read, fetched, { offset: place.offset, kind, foundAt: this.tapes.now }));
    }
    return yield* this.judge(place);
  }

  /** Reads the rest of the chunk under one ETag and acts on what stands there. */
  private async *judge(place: ReadPosition): Steps {
    yield* this.flush();
    this.ranges.salvage = undefined;
    const { chunk, offset, variant } = place;
    const [seen, known] = [this.tapes.seen(place), this.tapes.ends.get(chunk)];
    const behindTooLarge = this.tapes.options.onDamage === 'salvage';
    const rest = await examineRest(this.tapes.reader, { chunk, offset, variant, behindTooLarge }, this.signal);
    if (!rest) {
      // A frame may stand there by now: it is read as anywhere else. But the wait for a torn one is not forgotten.
      // guard: wait-outlives-undecided-looks
      if (known?.kind !== 'torn') this.tapes.ends.delete(chunk);
      if (++this.undecided <= undecidedLimit) return 'more';
      throw restless(chunk, offset);
    }
    this.undecided = 0;
    if (rest.kind === 'corrupt' && behindTooLarge && rest.nextFrameAt !== undefined) {
      reportPassedOver(this.tapes, chunk, offset, rest);
      this.batch.passOver({ chunks: 1, bytes: rest.nextFrameAt - offset });
      // guard: salvaged-end-forgotten
      this.tapes.ends.delete(chunk);
      this.ranges.salvage = { chunk, offset: rest.nextFrameAt };
      return 'more';
    }
    const isNoFrame = rest.kind !== 'clean' && rest.nextFrameAt === undefined;
    // guard: variant-of-a-chunk
    if (isNoFrame && (await holdsOther(this.tapes, place, this.batch.cursor, this.signal))) return 'more';
    const found = { offset, kind: rest.kind, foundAt: this.tapes.now, rest };
    return yield* this.actOn(place, chunkEnd(rest.version, seen, found, known));
  }

  private async *stillEnds(place: ReadPosition, seen: Fetched, date: number): Steps {
    if (!place.end) return 'more';
    confirmEnd(place.end, date, seen);
    return yield* this.actOn(place, place.end);
  }

  private async *actOn(place: ReadPosition, end: ChunkEnd): Steps {
    const { chunk, isLast } = place;
    const step = this.endAt(place, end);
    if (end.kind === 'corrupt' && end.rest) {
      // guard: stop-at-damage
      if (this.tapes.options.onDamage === 'stop') throw corrupt(chunk, end.offset, this.batch.position, end.rest);
      reportPassedOver(this.tapes, chunk, end.offset, end.rest);
    }
    if (end.kind !== 'torn' || isLast) return step;
    if (step === 'more') return passTorn(this.tapes, chunk, end);
    yield* this.flush();
    await waitForFrame(this.tapes, chunk, end, this.signal);
    return 'more';
  }

  private endAt(place: ReadPosition, end: ChunkEnd): 'more' | 'head' {
    this.tapes.ends.set(place.chunk, end);
    if (place.isLast) return 'head';
    return isPassable(this.tapes, end, place.listed, place.apart) || end.kind !== 'torn' ? 'more' : 'head';
  }
}
