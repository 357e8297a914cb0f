import type { Cursor, ReadPoint, SourceState } from '../../core/cursor.js';
import type { SourceRecord } from '../../core/record.js';
import { stateIn, stateWithLeft, passedOverMore, type PassedOver } from '../watch/sourceState.js';
import type { LeftChunk } from '../chunks/chunkState.js';
import type { ChunkBytes } from './blobReader.js';
import type { ReadPosition } from './position.js';
import type { SourceBatch } from '../source.js';
import type { Tapes } from '../tapes.js';
import { ParsedFrame, sha1Bytes } from '../lokad/frame.js';
import { toRecord, type FramePlace } from '../lokad/record.js';

const maxBytes = 4 * 1024 * 1024;
/** Enough for an append or two, and hashed in a few milliseconds. */
const fairBytes = 512 * 1024;
const partsPerFrame = 5;

/** The records that are read and not yet given out, and the cursor after them. */
export class PendingBatch {
  private frames: LazyRecords[] = [];
  private records = 0;
  private recordBytes = 0;
  /** The frames added last; the cursor stands after them. */
  private last: LazyRecords | undefined;
  private at: Cursor;
  /** The cursor must be given out although no record moved it. */
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

  /** It holds so much that waiting for the next chunk gains nothing. */
  get isFair(): boolean {
    return this.recordBytes >= fairBytes;
  }

  /** Adds the record of a valid frame, which starts at `start` of the bytes. */
  add({ chunk, bytes, start: bufferAt }: ChunkBytes, start: number, frame: ParsedFrame): void {
    let frames = this.frames.at(-1);
    if (!frames?.add(bytes, start, frame)) {
      const { position, memory } = this;
      const { returnTo } = this.at;
      frames = new LazyRecords(bytes, start, { chunk, bufferAt, position, returnTo, memory });
      frames.add(bytes, start, frame);
      this.frames.push(frames);
    }
    this.last = frames;
    this.records++;
    this.position++;
    this.recordBytes += frame.end - start;
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

  /** What stands before the cursor is as it should be, and must stay as it is now. */
  rememberAnew(): void {
    const chunk = this.cursor.returnTo?.chunk ?? this.cursor.chunk;
    if (chunk !== '') this.remember(stateIn(this.tapes, chunk, this.memory, []));
  }

  /** Takes what is pending; undefined when there is nothing new. */
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

/**
 * Frames that stand one after the other in a buffer and whose hashes agree. The records are made when they are asked
 * for, one at a time: who takes thousands of them never holds more than one.
 */
class LazyRecords {
  /** Where the parts of each frame stand. Numbers, since an object a frame would keep the garbage collector busy. */
  private parts = new Uint32Array(64 * partsPerFrame);
  private used = 0;
  private end: number;

  /**
   * @param bytes never overwritten
   * @param start offset in the buffer of the first frame
   * @param first place of the first record
   */
  constructor(
    private readonly bytes: Buffer,
    private readonly start: number,
    private readonly first: FramePlace,
  ) {
    this.end = start;
  }

  /** Takes in the frame at `start` of the buffer if it follows the others; false when it does not. */
  add(bytes: Buffer, start: number, frame: ParsedFrame): boolean {
    if (bytes !== this.bytes || start !== this.end) return false;
    if (this.used === this.parts.length) this.grow();
    this.parts[this.used++] = frame.keyStart;
    this.parts[this.used++] = frame.keyEnd;
    this.parts[this.used++] = frame.payloadStart;
    this.parts[this.used++] = frame.payloadEnd;
    this.parts[this.used++] = this.end = frame.end;
    return true;
  }

  /** After the last frame. */
  get readPoint(): ReadPoint {
    const { first, bytes, end } = this;
    return { chunk: first.chunk, offset: first.bufferAt + end, sha1: bytes.toString('hex', end - sha1Bytes, end) };
  }

  *records(): Generator<SourceRecord> {
    const { bytes, parts, used } = this;
    const place = { ...this.first };
    const frame = new ParsedFrame();
    for (let start = this.start, index = 0; index < used; start = frame.end, place.position++) {
      frame.keyStart = parts[index++] ?? 0;
      frame.keyEnd = parts[index++] ?? 0;
      frame.payloadStart = parts[index++] ?? 0;
      frame.payloadEnd = parts[index++] ?? 0;
      frame.end = parts[index++] ?? 0;
      yield toRecord(bytes, start, frame, place);
    }
  }

  private grow(): void {
    const { parts } = this;
    this.parts = new Uint32Array(2 * parts.length);
    this.parts.set(parts);
  }
}

function* recordsOf(frames: readonly LazyRecords[]): Generator<SourceRecord> {
  for (const each of frames) yield* each.records();
}
