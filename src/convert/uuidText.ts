/** The buffer for the next id; the dashes are in the same places in all ids. */
const text = Buffer.from('00000000-0000-0000-0000-000000000000');
const digits = Buffer.from('0123456789abcdef');

/** A UUID in its usual text form, lower case, from its parts; `position` is its last 48 bits. */
export function uuidText(high: number, low: number, version: number, variant: number, position: number): string {
  writeHex(0, 8, high);
  writeHex(9, 4, low);
  writeHex(14, 4, version);
  writeHex(19, 4, variant);
  writeHex(24, 4, Math.floor(position / 2 ** 32));
  writeHex(28, 8, position % 2 ** 32);
  return text.toString('latin1');
}

function writeHex(at: number, count: number, value: number): void {
  for (let rest = value, index = at + count - 1; index >= at; index--) {
    text[index] = digits[rest & 0xf] ?? 0;
    rest >>>= 4;
  }
}

/**
 * True for an id that an Eventferry has made, of this source or another: UUID version 8, with a position in its last 48
 * bits. Others hardly ever make such ids, least of all with so low a number.
 */
export function isEventferryId(id: string): boolean {
  const lastGroup = id.slice(24);
  return id[14] === '8' && lastGroup.startsWith('00') && !lastGroup.endsWith('000000000000');
}
