import type { ReadPoint, SourceState } from '../../core/cursor.js';
import type { SourceRecord } from '../../core/record.js';
import { measureFrame, ParsedFrame, type FrameVariant } from './frame.js';
import { sha1Bytes } from './sha1.js';
import { toRecord } from './record.js';

/** Where frames were found, and how they count. */
export interface FramesPlace {
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
export class LazyRecords {
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
