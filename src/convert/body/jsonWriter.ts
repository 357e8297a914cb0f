const slabBytes = 64 * 1024;
const quote = 0x22;
const backslash = 0x5c;
const minus = 0x2d;
const zero = 0x30;
/** The digits of the largest safe integer, and a sign. */
const maxNumberBytes = 17;
const maxInt32 = 0x7fffffff;
const hexDigits = Buffer.from('0123456789abcdef');

/**
 * Writes JSON text straight to bytes, without temporary strings, because it is used for every event. The texts share
 * slabs of memory, which are never overwritten.
 */
export class JsonWriter {
  private slab = Buffer.allocUnsafeSlow(slabBytes);
  private start = 0;
  private at = 0;

  /** Bytes as they are. */
  bytes(bytes: Uint8Array): this {
    this.reserve(bytes.length);
    this.slab.set(bytes, this.at);
    this.at += bytes.length;
    return this;
  }

  /** @param value a safe integer */
  number(value: number): this {
    this.reserve(maxNumberBytes);
    const { slab } = this;
    let rest = value;
    if (rest < 0) {
      slab[this.at++] = minus;
      rest = -rest;
    }
    let digits = 1;
    for (let power = 10; power <= rest; power *= 10) digits++;
    const end = this.at + digits;
    let at = end - 1;
    for (; rest > maxInt32; rest = Math.floor(rest / 10)) slab[at--] = zero + (rest % 10);
    for (let small = rest | 0; at >= this.at; small = (small / 10) | 0) slab[at--] = zero + (small % 10);
    this.at = end;
    return this;
  }

  /** A string, in quotes. */
  string(text: string): this {
    this.reserve(text.length + 2);
    const { slab } = this;
    let { at } = this;
    slab[at++] = quote;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code < 0x20 || code > 0x7e || code === quote || code === backslash) return this.text(JSON.stringify(text));
      slab[at++] = code;
    }
    slab[at++] = quote;
    this.at = at;
    return this;
  }

  /** The first `count` bytes in hex, without quotes. */
  hex(bytes: Uint8Array, count: number): this {
    this.reserve(2 * count);
    const { slab } = this;
    for (let index = 0; index < count; index++) {
      const byte = bytes[index] ?? 0;
      slab[this.at++] = hexDigits[byte >> 4] ?? 0;
      slab[this.at++] = hexDigits[byte & 0xf] ?? 0;
    }
    return this;
  }

  /** JSON text as it is, in UTF-8. */
  text(json: string): this {
    this.reserve(Buffer.byteLength(json));
    this.at += this.slab.write(json, this.at);
    return this;
  }

  /** Takes everything written since the last call. */
  take(): Buffer {
    const written = this.slab.subarray(this.start, this.at);
    this.start = this.at;
    return written;
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.slab.length) return;
    const begun = this.slab.subarray(this.start, this.at);
    this.slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, 2 * begun.length + bytes));
    this.at = begun.copy(this.slab);
    this.start = 0;
  }
}
