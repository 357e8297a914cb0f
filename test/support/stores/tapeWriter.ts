import { createHash } from 'node:crypto';

/** A record that a test writes. The encoder below shares no code with the reader that is tested. */
export interface TapeRecord {
  readonly stamp?: bigint;
  readonly key?: string | Buffer;
  /** Bytes to write as they are, instead of a batch of the attributes and messages. */
  readonly payload?: Buffer;
  readonly attributes?: readonly (readonly [string, string])[];
  readonly messages?: readonly (readonly [contract: string, body: Buffer])[];
}

export type Variant = 'varint' | 'int32';

/** One frame: stamp, key, length of the payload, payload, and the SHA-1 of all these. */
export function frameOf(record: TapeRecord, variant: Variant = 'varint'): Buffer {
  const stamp = Buffer.alloc(8);
  stamp.writeBigInt64LE(record.stamp ?? 1n);
  const payload = record.payload ?? batchOf(record);
  const length = variant === 'varint' ? sevenBit(payload.length) : int32(payload.length);
  const signed = Buffer.concat([stamp, lengthAndBytes(Buffer.from(record.key ?? 'user:1')), length, payload]);
  return Buffer.concat([signed, createHash('sha1').update(signed).digest()]);
}

/** Frames one after the other, as a chunk holds them. */
export function tapeOf(records: readonly TapeRecord[], variant: Variant = 'varint'): Buffer {
  return Buffer.concat(records.map((record) => frameOf(record, variant)));
}

/** Records with one message each, whose bodies hold the numbers `from` to `to`. */
export function numberedRecords(from: number, to: number, bodyBytes = 8): TapeRecord[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({
    stamp: BigInt(from + index),
    messages: [['Numbered', Buffer.from(String(from + index).padStart(bodyBytes, '.'))]] as const,
  }));
}

export function batchOf({ attributes = [], messages = [] }: TapeRecord): Buffer {
  return Buffer.concat([
    sevenBit(attributes.length),
    ...attributes.flat().map((text) => lengthAndBytes(Buffer.from(text))),
    sevenBit(messages.length),
    ...messages.flatMap(([contract, body]) => [lengthAndBytes(Buffer.from(contract)), lengthAndBytes(body)]),
  ]);
}

function lengthAndBytes(bytes: Buffer): Buffer {
  return Buffer.concat([sevenBit(bytes.length), bytes]);
}

function sevenBit(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
