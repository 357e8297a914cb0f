import { cursorBehind, type Cursor, type SourceMemory, type SourceRecord } from '../record.js';
import type { ParsedFrame } from './frame.js';
import { memoryIn, memoryWithLeft, passedOverMore, type PassedOver } from './memory.js';
import type { LeftChunk, Place } from './place.js';
import type { SourceBatch } from './source.js';
import { toRecord } from './tapeRecord.js';
import type { Tapes } from './tapes.js';

const batchBytes = 4 * 1024 * 1024;

/** The records that are read and not yet given out, and the cursor behind them. */
export class PendingBatch {
  private records: SourceRecord[] = [];
  private recordBytes = 0;
  private last: SourceRecord | undefined;
  private at: Cursor;
  /** The cursor is to be given out although no record moved it. */
  private moved = false;
  /** Of the next record. */
  position: number;
  memory: SourceMemory | undefined;

  constructor(
    private readonly tapes: Tapes,
    from: Cursor,
  ) {
    this.at = from;
    this.position = from.position;
    this.memory = from.memory;
  }

  get cursor(): Cursor {
    if (this.last) this.at = cursorBehind(this.last, this.memory);
    this.last = undefined;
    return this.at;
  }

  get isFull(): boolean {
    return this.records.length >= this.tapes.options.readRecords || this.recordBytes >= batchBytes;
  }

  /** Adds the record of a valid frame that starts at `start` of `bytes`, which stands at `bytesAt` of its chunk. */
  add(chunk: string, bytes: Buffer, bytesAt: number, start: number, frame: ParsedFrame): void {
    const { returnTo } = this.at;
    this.last = toRecord(bytes, start, frame, { chunk, bufferAt: bytesAt, position: this.position, returnTo });
    this.records.push(this.last);
    this.position++;
    this.recordBytes += this.last.frameBytes;
  }

  /** The next record is the first of another chunk. */
  enter({ chunk, passed }: Place): void {
    this.memory = memoryIn(this.tapes, chunk, this.memory, passed);
    this.tapes.forgetEnds(passed, this.memory);
  }

  /** An accepted chunk was read to its end: the main reading goes on. */
  returnFrom(left: LeftChunk): void {
    const { returnTo, ...rest } = this.cursor;
    if (!returnTo) return;
    this.at = { ...rest, ...returnTo };
    this.remember(memoryWithLeft(this.memory ?? {}, left, returnTo.chunk));
  }

  /** Bytes of the chunk are passed over. */
  passOver(more: PassedOver): void {
    this.memory = passedOverMore(this.memory ?? {}, more);
  }

  /** What is behind the cursor is as it should be: from now on it should stay as it is now. */
  rememberAnew(): void {
    const chunk = this.cursor.returnTo?.chunk ?? this.cursor.chunk;
    if (chunk !== '') this.remember(memoryIn(this.tapes, chunk, this.memory, []));
  }

  /** Takes what is pending; undefined when there is nothing new to say. */
  take(): SourceBatch | undefined {
    const { cursor, records } = this;
    if (records.length === 0 && !this.moved) return undefined;
    this.records = [];
    this.recordBytes = 0;
    this.moved = false;
    return { records, cursor };
  }

  private remember(memory: SourceMemory): void {
    this.memory = memory;
    this.at = { ...this.cursor, memory };
    this.moved = true;
  }
}
