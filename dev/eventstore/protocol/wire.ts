/** The bytes are not a valid protobuf message of the expected type. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/**
 * Walks the fields of one protobuf message without building objects, so that a request of thousands of events is cheap
 * to read. Encoding: https://protobuf.dev/programming-guides/encoding/
 */
export class WireReader {
  constructor(
    readonly bytes: Buffer,
    public position = 0,
    readonly end = bytes.length,
  ) {}

  get more(): boolean {
    return this.position < this.end;
  }

  /** The next field's number and wire type, as `number << 3 | type`. */
  tag(): number {
    return this.uint32();
  }

  /** A varint that fits 32 bits: tags, lengths, booleans. */
  uint32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    for (let left = 0; left < 5; left++) if (this.byte() < 0x80) return value >>> 0;
    throw new MalformedMessage('a varint is longer than ten bytes');
  }

  uint64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new MalformedMessage('a varint is longer than ten bytes');
  }

  /** Enters a length-delimited field: returns where it ends and leaves `position` at its first byte. */
  enter(): number {
    const length = this.uint32();
    const end = this.position + length;
    if (end > this.end) throw new MalformedMessage('a field is longer than its message');
    return end;
  }

  /** The bytes of a length-delimited field, as a view. */
  slice(): Buffer {
    const end = this.enter();
    const slice = this.bytes.subarray(this.position, end);
    this.position = end;
    return slice;
  }

  /** A reader of a nested message; this one continues after it. */
  nested(): WireReader {
    const end = this.enter();
    const reader = new WireReader(this.bytes, this.position, end);
    this.position = end;
    return reader;
  }

  skip(wireType: number): void {
    if (wireType === VARINT) this.uint64();
    else if (wireType === BYTES) this.position = this.enter();
    else if (wireType === FIXED64) this.position += 8;
    else if (wireType === FIXED32) this.position += 4;
    else throw new MalformedMessage(`wire type ${wireType} is not in use`);
    if (this.position > this.end) throw new MalformedMessage('a field is longer than its message');
  }

  private byte(): number {
    const byte = this.position < this.end ? this.bytes[this.position++] : undefined;
    if (byte === undefined) throw new MalformedMessage('a message ends inside a field');
    return byte;
  }
}

/** Builds one protobuf message; each nested message is built by a separate writer. */
export class WireWriter {
  private readonly parts: Buffer[] = [];
  private length = 0;

  uint64(field: number, value: number | bigint): this {
    return this.push(varint((field << 3) | VARINT)).push(varint(value));
  }

  bool(field: number, value: boolean): this {
    return this.uint64(field, value ? 1 : 0);
  }

  bytes(field: number, value: Uint8Array): this {
    return this.push(varint((field << 3) | BYTES))
      .push(varint(value.length))
      .push(value as Buffer);
  }

  string(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  message(field: number, value: WireWriter): this {
    this.push(varint((field << 3) | BYTES)).push(varint(value.length));
    for (const part of value.parts) this.push(part);
    return this;
  }

  empty(field: number): this {
    return this.bytes(field, NOTHING);
  }

  finish(): Buffer {
    return Buffer.concat(this.parts, this.length);
  }

  private push(part: Buffer): this {
    this.parts.push(part);
    this.length += part.length;
    return this;
  }
}

const NOTHING = Buffer.alloc(0);
const SMALL = Array.from({ length: 128 }, (_, value) => Buffer.of(value));

function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  if (typeof rest === 'number') {
    const small = SMALL[rest];
    if (small !== undefined) return small;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  } else {
    rest = BigInt.asUintN(64, rest);
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
