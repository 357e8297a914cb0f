import { setImmediate as turn } from 'node:timers/promises';

import type { Cursor } from '../../core/cursor.js';
import type { ChunkBytes } from './blobReader.js';
import { confirmEnd, endOfRange, endOfRest, type ChunkEnd } from '../chunks/chunkState.js';
import { checkGap, corrupt, holdsOther, incomplete, missingBefore, reportPassedOver, restless } from '../failures.js';
import { isZero, parseFrame, ParsedFrame, type FrameState } from '../lokad/frame.js';
import { linkedAbort, type LinkedAbort } from '../../core/time.js';
import { PendingBatch } from './batch.js';
import { isListedSo, isPassable, nextPosition, type ReadPosition } from './position.js';
import type { Fetch, Fetched } from './readAhead.js';
import { examineRest, type Rest } from '../lokad/endOfChunk.js';
import type { SourceBatch } from '../source.js';
import { bytesAfter, readStart } from './overlap.js';
import type { Onward, Tapes } from '../tapes.js';

const settlePollMs = 1000;
/** Frames are hashed until one of these is reached; then others in this process have their turn. */
const framesPerTurn = 2_000;
const bytesPerTurn = 512 * 1024;
/** So often a chunk that changes while it is judged is looked at again at once. */
const undecidedLimit = 3;

/** Whether there may be more to read now. */
type Step = 'more' | 'head';

/** One reading from a cursor to the head: see `Source.read`. */
export class TapeReading {
  private readonly batch: PendingBatch;
  private readonly frame = new ParsedFrame();
  private readonly ending: LinkedAbort;
  private readonly signal: AbortSignal;
  private rangeBytes: number;
  /** The next range must be at least so large to hold the frame that it starts with. */
  private frameNeedsBytes = 0;
  /** Where to go on in a chunk, behind a bad frame. */
  private salvage: { readonly chunk: string; readonly offset: number } | undefined;
  private undecided = 0;
  /** Since the last turn that others had. */
  private hashedFrames = 0;
  private hashedBytes = 0;
  /** At the head, chunks that are new must have been looked for since this reading, or the poll before it, began. */
  private onward: 'when due' | 'now';
  /** The chunk for whose sake all names were listed. */
  private doubted: string | undefined;

  constructor(
    private readonly tapes: Tapes,
    from: Cursor,
    signal: AbortSignal,
  ) {
    this.batch = new PendingBatch(tapes, from);
    this.rangeBytes = tapes.minRangeBytes;
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

  /** One look at one place. */
  private async *step(place: ReadPosition): AsyncGenerator<SourceBatch, Step> {
    if (this.tapes.isVerdictDue(place)) return yield* this.judge(place);
    // guard: known-end-that-is-listed
    if (isListedSo(place) && !this.tapes.ahead.holds(place.chunk)) return 'head';
    const fetch = this.fetchFor(place);
    this.fetchAhead(fetch, place);
    if (this.batch.isFair || !this.tapes.ahead.isReady(fetch)) yield* this.flush();
    const fetched = await this.tapes.ahead.take(fetch, this.signal);
    if (fetched.answer.kind === 'unchanged') return yield* this.stillEnds(place, fetched, fetched.answer.date);
    const from = this.salvageAt(place);
    const read = bytesAfter(from === undefined ? place : { ...place, offset: 0 }, fetched.answer);
    // guard: copy-in-progress-as-read
    if (read && !read.copied) return 'head';
    if (read) return yield* this.consume(place, fetched, read, from ?? place.offset);
    const nothing = { etag: place.listed?.etag ?? '', chunkBytes: 0, lastModified: 0, date: 0 };
    return this.endAt(place, endOfRange(nothing, fetched, this.found(place.offset, 'clean')));
  }

  private fetchFor(place: ReadPosition): Fetch {
    const { chunk, end, isLast, listed } = place;
    const start = this.salvageAt(place) ?? readStart(place);
    const range = isLast || !listed ? this.rangeBytes : this.tapes.rangeFor(listed.bytes - start);
    // guard: known-end-asked-for-by-etag
    const knownEtag = end?.etag;
    return { chunk, start, count: Math.max(range, this.frameNeedsBytes), knownEtag, ...this.tapes.seen(place) };
  }

  private salvageAt({ chunk }: ReadPosition): number | undefined {
    return this.salvage?.chunk === chunk ? this.salvage.offset : undefined;
  }

  /** Starts to fetch the range and, in a backlog, what follows it in later chunks. */
  private fetchAhead(fetch: Fetch, { chunk, isLast, apart }: ReadPosition): void {
    const { ahead, catalog, ends } = this.tapes;
    if (fetch.knownEtag === undefined) ahead.begin(fetch, this.signal);
    if (isLast || apart) return;
    for (const { name, bytes, openCopy } of catalog.after(chunk)) {
      if (bytes === 0 || ends.has(name)) continue;
      if (openCopy !== undefined) return;
      const seen = this.tapes.seen({ isLast: !catalog.hasSuccessor(name) });
      if (!ahead.begin({ chunk: name, start: 0, count: this.tapes.rangeFor(bytes), ...seen }, this.signal)) return;
    }
  }

  /** Takes the frames of a range, from an offset in the chunk on. */
  private async *consume(
    place: ReadPosition,
    fetched: Fetched,
    read: ChunkBytes,
    from: number,
  ): AsyncGenerator<SourceBatch, Step> {
    const { frame, batch } = this;
    let at = from - read.start;
    let state = parseFrame(read.bytes, at, place.variant, frame);
    if (state === 'valid' && place.passed.length + Number(this.batch.cursor.chunk === '') > 0) {
      // guard: listing-before-a-gap-is-believed
      if (await this.mayHaveMissedNames(place)) return 'more';
      // What others have listed since would be remembered as if it had always been there.
      // guard: listings-of-others
      if (!this.tapes.isCompared) return 'more';
      this.enter(place);
    }
    for (; state === 'valid'; state = parseFrame(read.bytes, at, place.variant, frame)) {
      this.salvage = undefined;
      this.undecided = 0;
      const frameBytes = frame.end - at;
      this.tapes.sawFrame(frameBytes);
      batch.add(place, read.bytes, read.start, at, frame.end);
      at = frame.end;
      if (batch.isFull) yield* this.flush();
      this.hashedFrames++;
      this.hashedBytes += frameBytes;
      if (this.hashedFrames >= framesPerTurn || this.hashedBytes >= bytesPerTurn) {
        this.hashedFrames = this.hashedBytes = 0;
        await turn();
        this.signal.throwIfAborted();
      }
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

  private enter(place: ReadPosition): void {
    if (!place.apart) checkGap(this.tapes, place.chunk, this.batch.position, this.batch.memory);
    this.batch.enter(place);
  }

  /** No valid frame stands at the place, which is `at` in the bytes: finds out why. */
  private async *atStop(
    place: ReadPosition,
    fetched: Fetched,
    read: ChunkBytes,
    at: number,
    state: Exclude<FrameState, 'valid'>,
  ): AsyncGenerator<SourceBatch, Step> {
    const end = read.start + read.bytes.length + fetched.zeroBytes;
    const atEnd = end >= read.chunkBytes;
    const frameEnd = read.start + this.frame.end;
    // Within the range a frame can only be cut by zeros, and none ends with zeros.
    // guard: frame-beyond-a-range
    if (state === 'incomplete' && frameEnd > end && frameEnd <= read.chunkBytes) {
      this.frameNeedsBytes = frameEnd - readStart(place);
      this.rangeBytes = Math.min(4 * this.rangeBytes, this.tapes.maxRangeBytes);
      return 'more';
    }
    this.frameNeedsBytes = 0;
    const known = this.tapes.ends.get(place.chunk)?.kind;
    const mayBeOpen = place.isLast && (known === 'clean' || known === 'open');
    if (isZero(read.bytes, at, read.bytes.length) && (atEnd || mayBeOpen)) {
      return this.endAt(place, endOfRange(read, fetched, this.found(place.offset, atEnd ? 'clean' : 'open')));
    }
    return yield* this.judge(place);
  }

  /** Reads the rest of the chunk under one ETag and acts on what stands there. */
  private async *judge(place: ReadPosition): AsyncGenerator<SourceBatch, Step> {
    yield* this.flush();
    this.salvage = undefined;
    const { chunk, offset, variant } = place;
    const seen = this.tapes.seen(place);
    const behindTooLarge = this.tapes.options.onDamage === 'salvage';
    const rest = await examineRest(this.tapes.reader, { chunk, offset, variant, behindTooLarge }, this.signal);
    if (!rest) {
      this.tapes.ends.delete(chunk); // a frame stands there by now: it is read as anywhere else
      if (++this.undecided <= undecidedLimit) return 'more';
      throw restless(chunk, offset);
    }
    this.undecided = 0;
    if (rest.kind === 'corrupt' && behindTooLarge && rest.nextFrameAt !== undefined) {
      return this.salvageFrom(place, rest, rest.nextFrameAt);
    }
    const isNoFrame = rest.kind !== 'clean' && rest.nextFrameAt === undefined;
    // guard: variant-of-a-chunk
    if (isNoFrame && (await holdsOther(this.tapes, place, this.batch.cursor, this.signal))) return 'more';
    return yield* this.actOn(place, endOfRest(rest, seen, { offset, foundAt: this.tapes.options.clock.elapsed() }));
  }

  private salvageFrom({ chunk, offset }: ReadPosition, rest: Rest, nextFrameAt: number): Step {
    reportPassedOver(this.tapes, chunk, offset, rest);
    this.batch.passOver({ chunks: 1, bytes: nextFrameAt - offset });
    // guard: salvaged-end-forgotten
    this.tapes.ends.delete(chunk);
    this.salvage = { chunk, offset: nextFrameAt };
    return 'more';
  }

  /** The chunk still ends as it did. */
  private async *stillEnds(place: ReadPosition, seen: Fetched, date: number): AsyncGenerator<SourceBatch, Step> {
    if (!place.end) return 'more';
    confirmEnd(place.end, date, seen);
    return yield* this.actOn(place, place.end);
  }

  private async *actOn(place: ReadPosition, end: ChunkEnd): AsyncGenerator<SourceBatch, Step> {
    const { chunk, isLast } = place;
    const step = this.endAt(place, end);
    if (end.kind === 'corrupt' && end.rest) {
      // guard: stop-at-damage
      if (this.tapes.options.onDamage === 'stop') throw corrupt(chunk, end.offset, this.batch.position, end.rest);
      reportPassedOver(this.tapes, chunk, end.offset, end.rest);
    }
    if (end.kind !== 'torn' || isLast) return step;
    if (step === 'more' && end.rest) reportPassedOver(this.tapes, chunk, end.offset, end.rest);
    if (step === 'more') return step;
    // The torn frame may still be finished: what follows it must not overtake it.
    yield* this.flush();
    await this.tapes.options.clock.sleep(settlePollMs, this.signal);
    return 'more';
  }

  private endAt(place: ReadPosition, end: ChunkEnd): Step {
    this.tapes.ends.set(place.chunk, end);
    if (place.isLast) return 'head';
    return isPassable(this.tapes, end, place.listed, place.apart) || end.kind !== 'torn' ? 'more' : 'head';
  }

  private found<K extends 'clean' | 'open'>(offset: number, kind: K) {
    return { offset, kind, foundAt: this.tapes.options.clock.elapsed() };
  }
}
