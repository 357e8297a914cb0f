import { EventChunk } from '../store/eventChunk.js';

/** One change of one stream. Changes that happen together make one record. */
export type JournalEntry =
  | { kind: 'events'; stream: string; first: number; createdMs: number; events: EventChunk }
  | { kind: 'tombstone'; stream: string; createdMs: number; events: EventChunk }
  | { kind: 'truncate'; stream: string; revision: number };

const KINDS = ['events', 'tombstone', 'truncate'] as const;
const HEADER_BYTES = 1 + 4 + 8 + 8 + 4 + 4;

/** Header: kind, length of the name, first revision (or the last one kept), time, length of the index, of the bytes. */
export function encodeEntries(entries: readonly JournalEntry[]): Buffer[] {
  return entries.flatMap((entry) => {
    const name = Buffer.from(entry.stream);
    const [words, bytes] = entry.kind === 'truncate' ? [Buffer.alloc(0), Buffer.alloc(0)] : entry.events.encode();
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt8(KINDS.indexOf(entry.kind), 0);
    header.writeUInt32LE(name.length, 1);
    header.writeDoubleLE(entry.kind === 'events' ? entry.first : entry.kind === 'truncate' ? entry.revision : 0, 5);
    header.writeDoubleLE(entry.kind === 'truncate' ? 0 : entry.createdMs, 13);
    header.writeUInt32LE(words.length, 21);
    header.writeUInt32LE(bytes.length, 25);
    return [header, name, words, bytes];
  });
}

export function* decodeEntries(record: Buffer): Generator<JournalEntry> {
  for (let at = 0; at < record.length;) {
    const kind = KINDS[record.readUInt8(at)];
    const number = record.readDoubleLE(at + 5);
    const createdMs = record.readDoubleLE(at + 13);
    const nameEnd = at + HEADER_BYTES + record.readUInt32LE(at + 1);
    const wordsEnd = nameEnd + record.readUInt32LE(at + 21);
    const bytesEnd = wordsEnd + record.readUInt32LE(at + 25);
    const stream = record.toString('utf8', at + HEADER_BYTES, nameEnd);
    const events = EventChunk.from(record.subarray(nameEnd, wordsEnd), record.subarray(wordsEnd, bytesEnd));
    if (kind === 'events') yield { kind, stream, first: number, createdMs, events };
    else if (kind === 'tombstone') yield { kind, stream, createdMs, events };
    else yield { kind: 'truncate', stream, revision: number };
    at = bytesEnd;
  }
}
