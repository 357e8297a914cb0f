import { isEmptyUuid, readUuid, uuidKey, uuidMessage, uuidText, UUID_WORDS } from '../protocol/uuid.js';
import { WireReader, type WireWriter } from '../protocol/wire.js';
import { DATA, IS_JSON, METADATA, readMetadataEntry, STRIDE, TYPE } from './eventWords.js';

/** A proposed event is refused; `what` names the part of it that is wrong. */
export class EventRefused extends Error {
  override readonly name = 'EventRefused';
  constructor(
    readonly what: 'id' | 'type' | 'missingType' | 'missingContentType',
    message: string,
  ) {
    super(message);
  }
}

/** The events of one append: the bytes of the request and where each part is in them. There is no object per event. */
export class EventChunk {
  constructor(
    readonly bytes: Buffer,
    private readonly words: Uint32Array,
  ) {}

  get count(): number {
    return this.words.length / STRIDE;
  }

  id(index: number): string {
    return uuidText(this.words, index * STRIDE);
  }

  idKey(index: number): string {
    return uuidKey(this.words, index * STRIDE);
  }

  idMessage(index: number, form: 'string' | 'structured'): WireWriter {
    return uuidMessage(this.words, index * STRIDE, form);
  }

  hasSameId(index: number, other: EventChunk, otherIndex: number): boolean {
    const a = index * STRIDE;
    const b = otherIndex * STRIDE;
    for (let word = 0; word < UUID_WORDS; word++) if (this.words[a + word] !== other.words[b + word]) return false;
    return true;
  }

  type(index: number): string {
    return this.part(index, TYPE).toString();
  }

  isJson(index: number): boolean {
    return this.words[index * STRIDE + IS_JSON] === 1;
  }

  data(index: number): Buffer {
    return this.part(index, DATA);
  }

  metadata(index: number): Buffer {
    return this.part(index, METADATA);
  }

  /** The first events of this chunk, as a view. */
  take(count: number): EventChunk {
    return new EventChunk(this.bytes, this.words.subarray(0, count * STRIDE));
  }

  /** A copy of the events without their data; it does not keep the request's bytes. */
  withoutData(): EventChunk {
    const words = this.words.slice();
    const parts: Buffer[] = [];
    let length = 0;
    for (let at = 0; at < words.length; at += STRIDE) {
      for (const field of [TYPE, METADATA]) {
        const part = this.bytes.subarray(words[at + field], words[at + field + 1]);
        parts.push(part);
        words[at + field] = length;
        words[at + field + 1] = length += part.length;
      }
      words[at + DATA] = words[at + DATA + 1] = 0;
    }
    return new EventChunk(Buffer.concat(parts, length), words);
  }

  /** The form of the events on disk, which {@link EventChunk.from} takes. */
  encode(): [words: Buffer, bytes: Buffer] {
    return [Buffer.from(this.words.buffer, this.words.byteOffset, this.words.byteLength), this.bytes];
  }

  static from(words: Buffer, bytes: Buffer): EventChunk {
    const aligned = new Uint32Array(words.length / 4);
    words.copy(new Uint8Array(aligned.buffer));
    return new EventChunk(bytes, aligned);
  }

  private part(index: number, field: number): Buffer {
    const at = index * STRIDE + field;
    return this.bytes.subarray(this.words[at], this.words[at + 1]);
  }
}

/** How the size of an append is counted: data only (up to 24.6); later also metadata and twice the type's length. */
export interface SizeRule {
  countsMetadata: boolean;
}

/** Collects proposed events, from one message or several, into one {@link EventChunk}. */
export class ChunkBuilder {
  /** The size of the append so far in bytes, as the server counts them. */
  size = 0;
  /** The size of the largest event so far, and its index. */
  largest = { size: 0, index: 0 };
  count = 0;
  private words = new Uint32Array(16 * STRIDE);
  private readonly parts: Buffer[] = [];
  private base = 0;

  constructor(private readonly rule: SizeRule) {}

  /**
   * Adds the ProposedMessage (id = 1, metadata map = 2, custom metadata = 3, data = 4) that fills `start..end`.
   * The bytes are kept, not copied. Throws {@link EventRefused}.
   */
  add(bytes: Buffer, start: number, end: number): void {
    const base = this.baseOf(bytes);
    const at = this.count * STRIDE;
    if (at + STRIDE > this.words.length) this.grow();
    const words = this.words;
    words.fill(0, at, at + STRIDE);
    const reader = new WireReader(bytes, start, end);
    let idStart = -1;
    let idEnd = -1;
    while (reader.more) {
      const tag = reader.tag();
      if ((tag & 7) !== 2 || tag > 0x22) {
        reader.skip(tag & 7);
        continue;
      }
      const stop = reader.enter();
      const from = reader.position;
      if (tag === 0x0a) {
        idStart = from;
        idEnd = stop;
      } else if (tag === 0x12) readMetadataEntry(bytes, from, stop, words, at, base);
      else {
        const field = tag === 0x1a ? METADATA : DATA;
        words[at + field] = base + from;
        words[at + field + 1] = base + stop;
      }
      reader.position = stop;
    }
    this.check(bytes, idStart, idEnd, at);
    this.measure(at, bytes, base);
    this.count++;
  }

  build(): EventChunk {
    const bytes = this.parts.length === 1 ? (this.parts[0] ?? Buffer.alloc(0)) : Buffer.concat(this.parts);
    return new EventChunk(bytes, this.words.slice(0, this.count * STRIDE));
  }

  idText(index: number): string {
    return uuidText(this.words, index * STRIDE);
  }

  private check(bytes: Buffer, idStart: number, idEnd: number, at: number): void {
    const words = this.words;
    if (words[at + IS_JSON] === undefined || (words[at + TYPE + 1] === 0 && words[at + TYPE] === 0))
      throw new EventRefused('missingType', 'The given key was not present in the dictionary: type.');
    const contentType = words[at + IS_JSON];
    if (contentType === 0)
      throw new EventRefused('missingContentType', 'The given key was not present in the dictionary: content-type.');
    words[at + IS_JSON] = contentType === 2 ? 1 : 0;
    if (idStart < 0) throw new EventRefused('id', 'The event has no id.');
    try {
      readUuid(bytes, idStart, idEnd, words, at);
    } catch {
      throw new EventRefused('id', 'Unrecognized Guid format.');
    }
    if (isEmptyUuid(words, at)) throw new EventRefused('id', "Empty eventId provided. (Parameter 'eventId')");
    if (words[at + TYPE] === words[at + TYPE + 1])
      throw new EventRefused('type', "Empty eventType provided. (Parameter 'eventType')");
  }

  private measure(at: number, bytes: Buffer, base: number): void {
    const words = this.words;
    let size = (words[at + DATA + 1] ?? 0) - (words[at + DATA] ?? 0);
    if (this.rule.countsMetadata) {
      const type = bytes.toString('utf8', (words[at + TYPE] ?? 0) - base, (words[at + TYPE + 1] ?? 0) - base);
      size += (words[at + METADATA + 1] ?? 0) - (words[at + METADATA] ?? 0) + 2 * type.length;
    }
    this.size += size;
    if (size > this.largest.size) this.largest = { size, index: this.count };
  }

  private baseOf(bytes: Buffer): number {
    if (this.parts.at(-1) === bytes) return this.base;
    this.base += this.parts.at(-1)?.length ?? 0;
    this.parts.push(bytes);
    return this.base;
  }

  private grow(): void {
    const wider = new Uint32Array(this.words.length * 4);
    wider.set(this.words);
    this.words = wider;
  }
}
