import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '../core/failure.js';
import { markSchema, maxIndex, maxPosition, noEvent, type Mark } from '../core/mark.js';
import { asBuffer, type SourceRecord, type TargetEvent } from '../core/record.js';
import { uuidText } from './uuidText.js';
import { JsonWriter } from './body/jsonWriter.js';
import type { Newline } from './body/jsvFormat.js';

/** The part of a frame's SHA-1 that goes into its mark. */
const markHashBytes = 8;

const newerMark = z.object({ v: z.int().min(3) });

/**
 * Reads the mark from an event's metadata. Anybody may have written the event.
 *
 * @returns undefined when the metadata holds no mark of ours
 * @throws Failure `NewerSchema` when a later version of Eventferry wrote the mark.
 */
export function parseMark(metadata: Uint8Array): Mark | undefined {
  const found = eventferryObject(metadata);
  if (found === undefined) return undefined;
  const ours = markSchema.safeParse(found);
  if (ours.success) return ours.data;
  const newer = newerMark.safeParse(found);
  // guard: mark-of-a-newer-version
  if (!newer.success) return undefined;
  const version = newer.data.v;
  throw new Failure('NewerSchema', `The target holds a mark of schema ${version}; this version knows 1 and 2.`, {
    version,
  });
}

function eventferryObject(metadata: Uint8Array): unknown {
  if (!isUtf8(metadata)) return undefined;
  const text = asBuffer(metadata);
  if (!text.includes('"eventferry"')) return undefined;
  try {
    const value: unknown = JSON.parse(text.toString('utf8'));
    return typeof value === 'object' && value !== null && 'eventferry' in value ? value.eventferry : undefined;
  } catch {
    return undefined; // not JSON, so not ours
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Writes marks: `{"eventferry":{"v":2,"after":...,"source":...,"position":...,"index":...,"count":...,"key":...,"stamp":...,
 * "sha1":...,"chunk":...,"offset":...,"settings":...},"attributes":[[name,value],...]}`, with `"reformatted":"\r\n"`
 * (or `"\n"`), `"returnTo":{...}`, `"quarantined":true` and `"keyCut":true` at the end of the object where they apply.
 * Attributes stay pairs, so that no attribute's name becomes a key that Eventferry or the server gives a meaning to.
 * `after` is {@link noEvent} until {@link linkAfter}. In schema 1 it is absent, and `reformatted` is `true`.
 *
 * @returns a function of a record and the number of its events
 */
export function createMarks(
  source: string,
  settings: string,
  schema: Mark['v'] = 2,
): (record: SourceRecord, count: number) => RecordMarks {
  const all = marksOfSource(source, settings, schema);
  return (record, count) => new RecordMarks(record, count, all);
}

/** The metadata of schema 2 up to the id that {@link linkAfter} writes, which has the same place in all of them. */
const beforeAfter = '{"eventferry":{"v":2,"after":"';

/**
 * Names the event before this one in its stream, in the mark and in the metadata that holds it. The length stays.
 *
 * @param event as `convert` made it, with a mark of schema 2
 * @param before the id of the event before it; {@link noEvent} for a stream's first
 */
export function linkAfter({ mark, metadata }: TargetEvent, before: string): void {
  asBuffer(metadata).write(before, beforeAfter.length, 'latin1');
  (mark as Writable<Mark>).after = before;
}

/** The parts of the metadata that are the same for every event of a source. */
function phrasesOf(source: string, settings: string, schema: Mark['v']) {
  const start = schema === 1 ? '{"eventferry":{"v":1' : `${beforeAfter}${noEvent}"`;
  const reformatted = (newline: Newline) => Buffer.from(`,"reformatted":${JSON.stringify(schema === 1 || newline)}`);
  return {
    position: Buffer.from(`${start},"source":${JSON.stringify(source)},"position":`),
    index: Buffer.from(',"index":'),
    count: Buffer.from(',"count":'),
    /** Index and count when a record makes one event, as most do, and the text that follows them. */
    onlyOne: Buffer.from(',"index":0,"count":1,"key":'),
    key: Buffer.from(',"key":'),
    stamp: Buffer.from(',"stamp":'),
    sha1: Buffer.from(',"sha1":"'),
    settings: Buffer.from(`,"settings":${JSON.stringify(settings)}`),
    reformatted: { '\r\n': reformatted('\r\n'), '\n': reformatted('\n') },
    returnTo: Buffer.from(',"returnTo":'),
    attributes: Buffer.from('},"attributes":'),
    noAttributes: Buffer.from('},"attributes":[]}'),
    end: Buffer.from('}'),
  };
}

/** A chunk's name with the text around it; kept, because records of one chunk follow each other. */
class ChunkPhrase {
  private chunk: string | undefined;
  private phrase: Uint8Array = Buffer.alloc(0);

  of(chunk: string): Uint8Array {
    if (chunk !== this.chunk) this.phrase = Buffer.from(`","chunk":${JSON.stringify(chunk)},"offset":`);
    this.chunk = chunk;
    return this.phrase;
  }
}

/** What the marks of all records of a source share. */
function marksOfSource(source: string, settings: string, schema: Mark['v']) {
  const phrases = phrasesOf(source, settings, schema);
  return { source, settings, schema, phrases, chunk: new ChunkPhrase(), writer: new JsonWriter() };
}

type PlaceholderFlags = Pick<Mark, 'quarantined' | 'keyCut'>;

/** The marks of one record's events, and the metadata that holds each. */
export class RecordMarks {
  /** First 16 hex digits of the frame's SHA-1. */
  readonly sha1: string;
  /** The record's attributes as JSON; empty when it has none. */
  private readonly attributes: string;

  constructor(
    private readonly record: SourceRecord,
    private readonly count: number,
    private readonly all: ReturnType<typeof marksOfSource>,
  ) {
    this.sha1 = asBuffer(record.sha1).toString('hex', 0, markHashBytes);
    const { payload } = record;
    const hasAttributes = payload.kind === 'batch' && payload.attributes.length > 0;
    this.attributes = hasAttributes ? JSON.stringify(payload.attributes) : '';
  }

  /** What the metadata of each event repeats: the record's key, and its attributes as JSON. */
  get repeatedBytes(): number {
    return Buffer.byteLength(this.record.key) + Buffer.byteLength(this.attributes);
  }

  /** @param reformatted the line break that was undone in the body, if one was */
  mark(index: number, reformatted?: Newline): Mark {
    const { source, settings, schema: v } = this.all;
    const { position, key, chunk, offset, returnTo } = this.record;
    const { count, sha1 } = this;
    const mark: Writable<Mark> = { v, source, position, index, count, key, sha1, chunk, offset, settings };
    if (v > 1) mark.after = noEvent;
    if (reformatted) mark.reformatted = v === 1 || reformatted;
    if (returnTo) mark.returnTo = returnTo;
    return mark;
  }

  /** UTF-8 JSON: the `eventferry` object, then the record's attributes as pairs. */
  metadata(index: number, reformatted?: Newline, flags?: PlaceholderFlags): Uint8Array {
    const { phrases, writer } = this.all;
    const { position, key, stamp, sha1, chunk, offset, returnTo } = this.record;
    writer.bytes(phrases.position).number(position);
    if (this.count === 1) writer.bytes(phrases.onlyOne);
    else writer.bytes(phrases.index).number(index).bytes(phrases.count).number(this.count).bytes(phrases.key);
    writer.string(key).bytes(phrases.stamp);
    const safeStamp = Number(stamp);
    if (Number.isSafeInteger(safeStamp)) writer.number(safeStamp);
    else writer.text(String(stamp));
    writer.bytes(phrases.sha1).hex(sha1, markHashBytes).bytes(this.all.chunk.of(chunk)).number(offset);
    writer.bytes(phrases.settings);
    // guard: line-break-in-the-mark
    if (reformatted) writer.bytes(phrases.reformatted[reformatted]);
    if (returnTo) writer.bytes(phrases.returnTo).text(JSON.stringify(returnTo, ['chunk', 'offset', 'sha1']));
    if (flags?.quarantined) writer.text(',"quarantined":true');
    if (flags?.keyCut) writer.text(',"keyCut":true');
    if (this.attributes) writer.bytes(phrases.attributes).text(this.attributes).bytes(phrases.end);
    else writer.bytes(phrases.noAttributes);
    return writer.take();
  }
}

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
