import { createHash } from 'node:crypto';

/** Numbers that look random and are the same for the same seed (xorshift). */
export class Draws {
  private state: number;

  constructor(seed: number) {
    this.state = (seed * 2_654_435_761 + 1) >>> 0 || 1;
  }

  /** A whole number from 0 to `end` - 1. */
  below(end: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % Math.max(1, end);
  }

  of<T>(all: readonly T[]): T {
    const one = all[this.below(all.length)];
    if (one === undefined) throw new Error('there is nothing to draw');
    return one;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }
}

/** A range of bytes that has a meaning in the format: a length, a hash, a text. */
export interface Field {
  readonly at: number;
  readonly bytes: number;
}

/** False values for a length: zero, too long, 2 GiB, negative, without an end, not in the shortest form. */
const lies: readonly (readonly number[])[] = [
  [0x00],
  [0x7f],
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80],
  [0x81, 0x80, 0x00],
  [0xff, 0xff, 0xff, 0x7f],
  [0x00, 0x00, 0x00, 0x80],
  [0xfe, 0xff, 0x0f],
];

type Mutation = (bytes: Buffer, fields: readonly Field[], draw: Draws) => Buffer;

const mutations: readonly Mutation[] = [
  /** Flips one bit. */
  (bytes, _, draw) => patched(bytes, draw.below(bytes.length), (byte) => byte ^ (1 << draw.below(8))),
  /** Changes one byte of a field, by a little or to any value. */
  (bytes, fields, draw) => {
    const { at, bytes: length } = draw.of(fields);
    const change = draw.of([1, -1, 0x80, draw.below(256)]);
    return patched(bytes, at + draw.below(length), (byte) => byte + change);
  },
  /** Writes a false length into a field. */
  (bytes, fields, draw) => {
    const lie = Buffer.from(draw.of(lies));
    const { at } = draw.of(fields);
    lie.copy(bytes, at);
    return bytes;
  },
  /** Cuts the end off. */
  (bytes, _, draw) => bytes.subarray(0, draw.below(bytes.length)),
  /** Removes a piece; the three after this one fill it with zeros, fill it with garbage, or repeat it. */
  (bytes, _, draw) => {
    const [from, to] = rangeIn(bytes, draw);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, _, draw) => {
    const [from, to] = rangeIn(bytes, draw);
    return bytes.fill(0, from, to);
  },
  (bytes, _, draw) => {
    const [from, to] = rangeIn(bytes, draw);
    draw.bytes(Math.min(64, to - from)).copy(bytes, from);
    return bytes;
  },
  (bytes, _, draw) => {
    const [from, to] = rangeIn(bytes, draw);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  /** Appends zeros, as page blobs have them, and then perhaps random bytes. */
  (bytes, _, draw) => Buffer.concat([bytes, Buffer.alloc(draw.below(2_000)), draw.bytes(draw.below(3) * 20)]),
];

/** A copy of the bytes with one to three changes. @param fields where changes do the most harm */
export function mutated(bytes: Buffer, fields: readonly Field[], draw: Draws): Buffer {
  let changed = Buffer.from(bytes);
  for (let count = 1 + draw.below(3); count > 0; count--) {
    if (changed.length === 0) return changed;
    const within = fields.filter(({ at, bytes: length }) => at + length <= changed.length);
    changed = Buffer.from(draw.of(mutations)(changed, within.length > 0 ? within : [{ at: 0, bytes: 1 }], draw));
  }
  return changed;
}

export function sha1(bytes: Uint8Array): Buffer {
  return createHash('sha1').update(bytes).digest();
}

function patched(bytes: Buffer, at: number, change: (byte: number) => number): Buffer {
  bytes[at] = change(bytes[at] ?? 0) & 0xff;
  return bytes;
}

function rangeIn(bytes: Buffer, draw: Draws): readonly [number, number] {
  const from = draw.below(bytes.length);
  return [from, Math.min(bytes.length, from + 1 + draw.below(draw.of([4, 40, 400])))];
}
