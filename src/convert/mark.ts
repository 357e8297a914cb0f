import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { Failure } from '../errors.js';
import type { Mark, ReadPoint, SourceRecord } from '../record.js';
import { maxIndex, maxPosition } from './eventId.js';

const offset = z.int().nonnegative();

const returnTo: z.ZodType<ReadPoint> = z.object({
  chunk: z.string(),
  offset,
  sha1: z.string().regex(/^([0-9a-f]{40})?$/),
});

const ourMark = z
  .object({
    v: z.literal(1),
    source: z.string(),
    position: z.int().min(1).max(maxPosition),
    index: z.int().nonnegative().max(maxIndex),
    count: z.int().min(1),
    key: z.string(),
    sha1: z.string().regex(/^[0-9a-f]{16}$/),
    chunk: z.string(),
    offset,
    settings: z.string().regex(/^[0-9a-f]{8}$/),
    reformatted: z.literal(true).exactOptional(),
    returnTo: returnTo.exactOptional(),
  })
  .refine((mark) => mark.index < mark.count);

const newerMark = z.object({ v: z.int().min(2) });

/**
 * Reads the mark back out of an event's metadata, which may be anybody's.
 *
 * @returns undefined when the metadata holds no mark of ours, whatever else it is.
 * @throws Failure `NewerSchema` when a later version of Eventferry wrote the mark.
 */
export function parseMark(metadata: Uint8Array): Mark | undefined {
  const found = eventferryObject(metadata);
  const newer = newerMark.safeParse(found);
  if (newer.success) {
    const version = newer.data.v;
    throw new Failure('NewerSchema', `The target holds a mark of schema ${version}; this version knows 1.`, {
      version,
    });
  }
  const ours = ourMark.safeParse(found);
  return ours.success ? ours.data : undefined;
}

function eventferryObject(metadata: Uint8Array): unknown {
  if (!isUtf8(metadata)) return undefined;
  const text = Buffer.from(metadata.buffer, metadata.byteOffset, metadata.byteLength);
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
  metadata(index: number, reformatted: boolean): Uint8Array;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Writes marks: `{"eventferry":{"v":1,"source":...,"position":...,"index":...,"count":...,"key":...,"stamp":...,
 * "sha1":...,"chunk":...,"offset":...,"settings":...},"attributes":[[name,value],...]}`, with `"reformatted":true` and
 * `"returnTo":{...}` at the end of the object where they apply. Attributes stay pairs, so that an attribute's name can
 * never become a key of ours or one that the server gives a meaning to.
 *
 * @returns a function of a record and of how many events it makes.
 */
export function createMarks(source: string, settings: string): (record: SourceRecord, count: number) => RecordMarks {
  const start = `{"eventferry":{"v":1,"source":${JSON.stringify(source)},"position":`;
  const end = `,"settings":${JSON.stringify(settings)}`;
  return (record, count) => {
    const { position, key, chunk, offset, returnTo } = record;
    const sha1 = Buffer.from(record.sha1.buffer, record.sha1.byteOffset, 8).toString('hex');
    const before = `${start}${position},"index":`;
    const middle =
      `,"count":${count},"key":${JSON.stringify(key)},"stamp":${record.stamp},"sha1":"${sha1}"` +
      `,"chunk":${JSON.stringify(chunk)},"offset":${offset}${end}`;
    const after = `${returnTo ? `,"returnTo":${returnPoint(returnTo)}` : ''}},"attributes":${attributePairs(record)}}`;
    return {
      sha1,
      mark: (index, reformatted) => {
        const mark: Writable<Mark> = { v: 1, source, position, index, count, key, sha1, chunk, offset, settings };
        if (reformatted) mark.reformatted = true;
        if (returnTo) mark.returnTo = returnTo;
        return mark;
      },
      metadata: (index, reformatted) =>
        Buffer.from(`${before}${index}${middle}${reformatted ? ',"reformatted":true' : ''}${after}`, 'utf8'),
    };
  };
}

function returnPoint({ chunk, offset, sha1 }: ReadPoint): string {
  return JSON.stringify({ chunk, offset, sha1 });
}

function attributePairs({ payload }: SourceRecord): string {
  return payload.kind === 'batch' && payload.attributes.length > 0 ? JSON.stringify(payload.attributes) : '[]';
}
