import type { Cursor, ReadPoint, SourceState } from '../../core/cursor.js';
import type { SourceRecord } from '../../core/record.js';
import { stateIn, stateWithLeft, passedOverMore, type PassedOver } from '../watch/sourceState.js';
import type { LeftChunk } from '../chunks/chunkState.js';
import type { ReadPosition } from './position.js';
import type { SourceBatch } from '../source.js';
import type { Tapes } from '../tapes.js';
import { measureFrame, ParsedFrame, sha1Bytes, type FrameVariant } from '../lokad/frame.js';
import { toRecord } from '../lokad/record.js';

const maxBytes = 4 * 1024 * 1024;
/** Enough for an append or two, and hashed in a few milliseconds. */
const fairBytes = 512 * 1024;

/** The records that are read and not yet given out, and the cursor behind them. */
export class PendingBatch {
  private frames: LazyRecords[] = [];
  private records = 0;
  private recordBytes = 0;
  /** The frames added last; what is behind them is the cursor. */
  private last: LazyRecords | undefined;
  private at: Cursor;
  /** The cursor is to be given out although no record moved it. */
  private moved = false;
  /** Of the next record. */
  position: number;
  memory: SourceState | undefined;

  constructor(
    private readonly tapes: Tapes,
    from: Cursor,
  ) {
    this.at = from;
    this.position = from.position;
    this.memory = from.memory;
  }

  get cursor(): Cursor {
    if (this.last) {
      const { position, memory } = this;
      const { returnTo } = this.at;
      this.at = { ...this.last.readPoint, position, ...(returnTo && { returnTo }), ...(memory && { memory }) };
    }
    this.last = undefined;
    return this.at;
  }

  /** Not one record more may be added. */
  get isFull(): boolean {
    return this.records >= this.tapes.options.readRecords || this.recordBytes >= maxBytes;
  }

  /** No use waiting for the records of the next chunk. */
  get isFair(): boolean {
    return this.recordBytes >= fairBytes;
  }

  /** Adds the record of a valid frame from `start` to `end` of `bytes`, which stand at `bytesAt` of the chunk. */
  add({ chunk, variant }: ReadPosition, bytes: Buffer, bytesAt: number, start: number, end: number): void {
    let frames = this.frames.at(-1);
    if (!frames?.add(bytes, start, end)) {
      const { memory } = this;
      const { returnTo } = this.at;
      frames = new LazyRecords({ chunk, variant, bytes, bytesAt, returnTo, memory }, start, this.position);
      frames.add(bytes, start, end);
      this.frames.push(frames);
    }
    this.last = frames;
    this.records++;
    this.position++;
    this.recordBytes += end - start;
  }

  /** The next record is the first of another chunk. */
  enter({ chunk, variant, passed }: ReadPosition): void {
    const before = this.memory;
    this.memory = stateIn(this.tapes, chunk, before, passed, { variant, chunk });
    this.tapes.forgetEnds(before, this.memory);
  }

  /** An accepted chunk was read to its end: the main reading goes on. */
  returnFrom(left: LeftChunk): void {
    const { returnTo, ...rest } = this.cursor;
    if (!returnTo) return;
    this.at = { ...rest, ...returnTo };
    // guard: accepted-chunk-watched-again
    this.remember(stateWithLeft(this.memory ?? {}, left, returnTo.chunk));
  }

  /** Bytes of the chunk are passed over. */
  passOver(more: PassedOver): void {
    this.memory = passedOverMore(this.memory ?? {}, more);
  }

  /** What is behind the cursor is as it should be: from now on it should stay as it is now. */
  rememberAnew(): void {
    const chunk = this.cursor.returnTo?.chunk ?? this.cursor.chunk;
    if (chunk !== '') this.remember(stateIn(this.tapes, chunk, this.memory, []));
  }

  /** Takes what is pending; undefined when there is nothing new to say. */
  take(): SourceBatch | undefined {
    const { cursor, frames } = this;
    if (frames.length === 0 && !this.moved) return undefined;
    this.frames = [];
    this.records = 0;
    this.recordBytes = 0;
    this.moved = false;
    return { records: { [Symbol.iterator]: () => recordsOf(frames) }, cursor };
  }

  private remember(memory: SourceState): void {
    this.memory = memory;
    this.at = { ...this.cursor, memory };
    this.moved = true;
  }
}

/** Where frames were found, and how they count. */
interface FramesPlace {
  readonly chunk: string;
  readonly variant: FrameVariant;
  /** Never overwritten. */
  readonly bytes: Buffer;
  /** Offset in the chunk of the first byte of the buffer. */
  readonly bytesAt: number;
  readonly returnTo: ReadPoint | undefined;
  readonly memory: SourceState | undefined;
}

/**
 * Frames that stand one behind the other in a buffer and whose hashes agree. The records are made when they are asked
 * for, one at a time: who takes thousands of them never holds more than one.
 */
class LazyRecords {
  private end: number;
  private count = 0;

  /**
   * @param start offset in the buffer of the first frame
   * @param position of the first record
   */
  constructor(
    private readonly place: FramesPlace,
    private readonly start: number,
    private readonly position: number,
  ) {
    this.end = start;
  }

  /** Takes in the frame from `start` to `end` of the buffer if it follows the others; false when it does not. */
  add(bytes: Buffer, start: number, end: number): boolean {
    if (bytes !== this.place.bytes || start !== this.end) return false;
    this.end = end;
    this.count++;
    return true;
  }

  /** Behind the last frame. */
  get readPoint(): ReadPoint {
    const { chunk, bytes, bytesAt } = this.place;
    return { chunk, offset: bytesAt + this.end, sha1: bytes.toString('hex', this.end - sha1Bytes, this.end) };
  }

  *records(): Generator<SourceRecord> {
    const { chunk, variant, bytes, bytesAt, returnTo, memory } = this.place;
    const frame = new ParsedFrame();
    const found = { chunk, bufferAt: bytesAt, position: this.position, returnTo, memory };
    let at = this.start;
    for (let index = 0; index < this.count; index++) {
      measureFrame(bytes, at, variant, frame);
      found.position = this.position + index;
      yield toRecord(bytes, at, frame, found);
      at = frame.end;
    }
  }
}

function* recordsOf(frames: readonly LazyRecords[]): Generator<SourceRecord> {
  for (const each of frames) yield* each.records();
}
