import { createHash } from 'node:crypto';
import { Failure } from '../core/failure.js';
import { maxIndex, maxPosition, type Mark } from '../core/mark.js';

/** Makes the id of one event of a record, from its index. */
export type IdOfIndex = (index: number) => string;

/**
 * Makes the ids of a source's events: UUID version 8 (RFC 9562), composed of what identifies the event. Octets
 * 0-5 are the first 48 bits of SHA-256(source id) XOR the first 48 bits of the frame's SHA-1. Then come the version and
 * the high 12 bits of the index, the variant and its low 14 bits, and the position in the last 48 bits, so the last
 * group of the printed id is the position in hex. The same id means the same record: another record at the same
 * position gets another id.
 *
 * @returns a function of the first 12 (or more) hex digits of the frame's SHA-1 and the record's position.
 * @throws Failure `Unconvertible`, from the functions returned, when position or index do not fit into the id.
 */
export function createEventIds(sourceId: string): (sha1: string, position: number) => IdOfIndex {
  const hash = createHash('sha256');
  // guard: source-in-the-event-id
  hash.update(sourceId, 'utf8');
  const digest = hash.digest();
  const sourceHigh = digest.readUInt32BE(0);
  const sourceLow = digest.readUInt16BE(4);
  return (sha1, position) => {
    if (position > maxPosition) {
      throw new Failure('Unconvertible', `Position ${position} does not fit into an event id.`, { position });
    }
    // guard: fingerprint-in-the-event-id
    const high = sourceHigh ^ Number.parseInt(sha1.slice(0, 8), 16);
    const low = sourceLow ^ Number.parseInt(sha1.slice(8, 12), 16);
    return (index) => {
      // guard: bound-of-the-index
      if (index > maxIndex) {
        throw new Failure(
          'Unconvertible',
          `Index ${index} of the record at position ${position} does not fit into an event id.`,
          { position, index },
        );
      }
      return uuidText(high, low, 0x8000 | (index >>> 14), 0x8000 | (index & 0x3fff), position);
    };
  };
}

/** The id that the event with this mark has if we wrote it. */
export function eventIdOf({ source, sha1, position, index }: Mark): string {
  if (source !== lastSource) {
    idsOfLastSource = createEventIds(source);
    lastSource = source;
  }
  return idsOfLastSource(sha1, position)(index);
}

/** Thousands of marks are checked, all of one source, so the last source's ids are kept. */
let lastSource = '';
let idsOfLastSource = createEventIds(lastSource);

/** The buffer for the next id; the dashes are in the same places in all ids. */
const text = Buffer.from('00000000-0000-0000-0000-000000000000');
const digits = Buffer.from('0123456789abcdef');

function uuidText(high: number, low: number, version: number, variant: number, position: number): string {
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
