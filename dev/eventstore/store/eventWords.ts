import { UUID_WORDS } from '../protocol/uuid.js';
import { WireReader } from '../protocol/wire.js';

/** Words for each event: its id, start and end of type, data and metadata in the bytes, and whether it is JSON. */
export const STRIDE = UUID_WORDS + 7;
export const TYPE = UUID_WORDS;
export const DATA = TYPE + 2;
export const METADATA = DATA + 2;
export const IS_JSON = METADATA + 2;

const JSON_CONTENT_TYPE = Buffer.from('application/json');
const TYPE_KEY = Buffer.from('type');
const CONTENT_TYPE_KEY = Buffer.from('content-type');

/** Reads one entry of the metadata map. Like the server, it keeps only `type` and `content-type`. */
export function readMetadataEntry(
  bytes: Buffer,
  start: number,
  end: number,
  words: Uint32Array,
  at: number,
  base: number,
): void {
  const reader = new WireReader(bytes, start, end);
  let keyStart = start;
  let keyEnd = start;
  let valueStart = end;
  let valueEnd = end;
  while (reader.more) {
    const tag = reader.tag();
    if (tag !== 0x0a && tag !== 0x12) {
      reader.skip(tag & 7);
      continue;
    }
    const stop = reader.enter();
    if (tag === 0x0a) {
      keyStart = reader.position;
      keyEnd = stop;
    } else {
      valueStart = reader.position;
      valueEnd = stop;
    }
    reader.position = stop;
  }
  if (same(bytes, keyStart, keyEnd, TYPE_KEY)) {
    words[at + TYPE] = base + valueStart;
    words[at + TYPE + 1] = base + valueEnd;
  } else if (same(bytes, keyStart, keyEnd, CONTENT_TYPE_KEY)) {
    words[at + IS_JSON] = same(bytes, valueStart, valueEnd, JSON_CONTENT_TYPE) ? 2 : 1;
  }
}

function same(bytes: Buffer, start: number, end: number, text: Buffer): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}
