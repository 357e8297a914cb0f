import { varint } from './tapeFrame.js';

/** A protobuf message of text and whole numbers, as protobuf-net 2 writes it: zero and empty values are left out. */
export function protobuf(fields: Readonly<Record<number, string | bigint>>): Buffer {
  return Buffer.concat(
    Object.entries(fields).flatMap(([number, value]) => {
      if (value === '' || value === 0n) return [];
      if (typeof value === 'bigint') return [varint(Number(number) << 3), longVarint(value)];
      const bytes = Buffer.from(value, 'utf8');
      return [varint((Number(number) << 3) | 2), varint(bytes.length), bytes];
    }),
  );
}

function longVarint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}
