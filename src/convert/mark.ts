import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { Failure } from '../core/failure.js';
import type { ReadPoint } from '../core/cursor.js';
import { markSchema, type Mark } from '../core/mark.js';
import { asBuffer, type SourceRecord } from '../core/record.js';
import { JsonWriter } from './body/jsonWriter.js';

/** The part of a frame's SHA-1 that goes into its mark. */
const markHashBytes = 8;

const newerMark = z.object({ v: z.int().min(2) });

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
  throw new Failure('NewerSchema', `The target holds a mark of schema ${version}; this version knows 1.`, { version });
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

/** The marks of one record's events, and the metadata that holds each. */
export interface RecordMarks {
  /** First 16 hex digits of the frame's SHA-1. */
  readonly sha1: string;
  mark(index: number, reformatted: boolean): Mark;
  /** UTF-8 JSON: the `eventferry` object, then the record's attributes as pairs. */
  metadata(index: number, reformatted: boolean, quarantined?: boolean): Uint8Array;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The parts of the metadata that are the same for every event of a source. */
interface Phrases {
  readonly position: Uint8Array;
  readonly index: Uint8Array;
  readonly count: Uint8Array;
  /** Index and count when a record makes one event, as most do, and the text that follows them. */
  readonly onlyOne: Uint8Array;
  readonly key: Uint8Array;
  readonly stamp: Uint8Array;
  readonly sha1: Uint8Array;
  readonly settings: Uint8Array;
  readonly reformatted: Uint8Array;
  readonly returnTo: Uint8Array;
  readonly attributes: Uint8Array;
  readonly noAttributes: Uint8Array;
}

/**
 * Writes marks: `{"eventferry":{"v":1,"source":...,"position":...,"index":...,"count":...,"key":...,"stamp":...,
 * "sha1":...,"chunk":...,"offset":...,"settings":...},"attributes":[[name,value],...]}`, with `"reformatted":true`,
 * `"returnTo":{...}` and `"quarantined":true` at the end of the object where they apply. Attributes stay pairs, so that no attribute's name
 * becomes a key that Eventferry or the server gives a meaning to.
 *
 * @returns a function of a record and the number of its events
 */
export function createMarks(source: string, settings: string): (record: SourceRecord, count: number) => RecordMarks {
  const phrases: Phrases = {
    position: Buffer.from(`{"eventferry":{"v":1,"source":${JSON.stringify(source)},"position":`),
    index: Buffer.from(',"index":'),
    count: Buffer.from(',"count":'),
    onlyOne: Buffer.from(',"index":0,"count":1,"key":'),
    key: Buffer.from(',"key":'),
    stamp: Buffer.from(',"stamp":'),
    sha1: Buffer.from(',"sha1":"'),
    settings: Buffer.from(`,"settings":${JSON.stringify(settings)}`),
    reformatted: Buffer.from(',"reformatted":true'),
    returnTo: Buffer.from(',"returnTo":'),
    attributes: Buffer.from('},"attributes":'),
    noAttributes: Buffer.from('},"attributes":[]}'),
  };
  const all = { source, settings, phrases, chunk: new ChunkPhrase(), writer: new JsonWriter() };
  return (record, count) => new MarksOfRecord(record, count, all);
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

interface MarksOfSource {
  readonly source: string;
  readonly settings: string;
  readonly phrases: Phrases;
  readonly chunk: ChunkPhrase;
  readonly writer: JsonWriter;
}

class MarksOfRecord implements RecordMarks {
  readonly sha1: string;

  constructor(
    private readonly record: SourceRecord,
    private readonly count: number,
    private readonly all: MarksOfSource,
  ) {
    this.sha1 = asBuffer(record.sha1).toString('hex', 0, markHashBytes);
  }

  mark(index: number, reformatted: boolean): Mark {
    const { source, settings } = this.all;
    const { position, key, chunk, offset, returnTo } = this.record;
    const { count, sha1 } = this;
    const mark: Writable<Mark> = { v: 1, source, position, index, count, key, sha1, chunk, offset, settings };
    if (reformatted) mark.reformatted = true;
    if (returnTo) mark.returnTo = returnTo;
    return mark;
  }

  metadata(index: number, reformatted: boolean, quarantined = false): Uint8Array {
    const { phrases, writer } = this.all;
    const { position, key, stamp, sha1, chunk, offset, returnTo, payload } = this.record;
    writer.bytes(phrases.position).number(position);
    if (this.count === 1) writer.bytes(phrases.onlyOne);
    else writer.bytes(phrases.index).number(index).bytes(phrases.count).number(this.count).bytes(phrases.key);
    writer.string(key).bytes(phrases.stamp);
    const safeStamp = Number(stamp);
    if (Number.isSafeInteger(safeStamp)) writer.number(safeStamp);
    else writer.text(String(stamp));
    writer.bytes(phrases.sha1).hex(sha1, markHashBytes).bytes(this.all.chunk.of(chunk)).number(offset);
    writer.bytes(phrases.settings);
    if (reformatted) writer.bytes(phrases.reformatted);
    if (returnTo) writer.bytes(phrases.returnTo).text(returnPoint(returnTo));
    if (quarantined) writer.text(',"quarantined":true');
    if (payload.kind === 'batch' && payload.attributes.length > 0) {
      writer.bytes(phrases.attributes).text(`${JSON.stringify(payload.attributes)}}`);
    } else writer.bytes(phrases.noAttributes);
    return writer.take();
  }
}

function returnPoint({ chunk, offset, sha1 }: ReadPoint): string {
  return JSON.stringify({ chunk, offset, sha1 });
}
