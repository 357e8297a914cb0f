import type { Mark } from '../core/mark.js';
import type { SourceRecord, TargetEvent } from '../core/record.js';
import type { RecordEvents } from '../convert/recordEvents.js';
import { convertBody, type Body } from '../convert/body/body.js';
import { createConvert, opaqueType, type ConvertOptions } from '../convert/convert.js';
import { createPlaceholder, placeholderFacts } from '../convert/placeholder.js';
import { createEventIds, createMarks } from '../convert/eventIdAndMark.js';

/** Converts the records of a source again, for verification. */
export interface Reconversion {
  /** All events of a record, also of an excluded key; a placeholder for a message that makes no event. */
  events(record: SourceRecord): RecordEvents;
  /** True when the settings with this digest are known: the present ones, and the former ones that were given. */
  isKnown(settings: string): boolean;
  /** True when the settings with this digest, which are known, exclude the record; by default the present ones. */
  isExcluded(record: SourceRecord, settings?: string): boolean;
  /** True when any settings that are known exclude the record. */
  isEverExcluded(record: SourceRecord): boolean;
  /** The stored body of the message that makes an event. */
  body(record: SourceRecord, index: number): Uint8Array | undefined;
  /**
   * The event that a mark names, taking the mark's word for the position, the detour, the settings and, under settings
   * that are not known, the source's id. The type cannot be known then, so it is that of the stored event. If the stored
   * event is a placeholder, so is this one, with the stored reason.
   *
   * @returns undefined when the record makes no such event
   */
  eventAs(mark: Mark, record: SourceRecord, stored: Pick<TargetEvent, 'type' | 'data'>): TargetEvent | undefined;
}

/** @param options the present ones @param former those under which events of the stream were written before */
export function createReconversion(options: ConvertOptions, former: readonly ConvertOptions[] = []): Reconversion {
  const present = conversionUnder(options);
  const known = new Map(former.map((one) => [one.settings, conversionUnder(one)]));
  known.set(options.settings, present);
  const writers = new Map<string, ReturnType<typeof writerUnder>>();
  const writerOf = ({ v, source, settings }: Mark) => {
    const writer = `${v} ${settings}`;
    const known = writers.get(writer) ?? writerUnder(source, settings, v);
    writers.set(writer, known);
    return known;
  };

  return {
    events: present.convert,
    isKnown: (settings) => known.has(settings),
    isExcluded: ({ key }, settings = options.settings) => known.get(settings)?.excluded.has(key) ?? false,
    isEverExcluded: ({ key }) => [...known.values()].some(({ excluded }) => excluded.has(key)),
    body: bodyAt,
    eventAs: (mark, record, { type, data }) => {
      const placed = placedAs(mark, record);
      if (mark.quarantined) {
        const { kind, reason: message } = placeholderFacts({ type, data }) ?? { kind: '', reason: '' };
        const { placeholder } = writerOf(mark);
        return bodyAt(record, mark.index) && placeholder(placed, mark.index, { kind, message }, !mark.keyCut);
      }
      const conversion = known.get(mark.settings);
      if (conversion) return (mark.v === 1 ? conversion.convertAsBefore : conversion.convert)(placed).at(mark.index);
      const stored = bodyAt(record, mark.index);
      if (!stored) return undefined;
      const { payload } = record;
      const { marksOf, idsOf } = writerOf(mark);
      const marks = marksOf(placed, payload.kind === 'batch' ? payload.messages.length : 1);
      const body: Body =
        payload.kind === 'batch'
          ? convertBody(stored, mark.reformatted ? 'auto' : 'raw')
          : { contentType: 'application/octet-stream', data: stored };
      return {
        id: idsOf(marks.sha1, mark.position)(mark.index),
        type: payload.kind === 'batch' ? type : opaqueType,
        contentType: body.contentType,
        data: body.data,
        metadata: marks.metadata(mark.index, body.reformatted),
        mark: marks.mark(mark.index, body.reformatted),
      };
    },
  };
}

/** Makes all events of a record as they are made under these settings, also of an excluded key. */
function conversionUnder(options: ConvertOptions) {
  const placeholder = createPlaceholder(options.sourceId, options.settings);
  const everything = { ...options, excludeKeys: [], placeholder };
  return {
    excluded: new Set(options.excludeKeys),
    convert: createConvert(everything),
    convertAsBefore: createConvert(everything, 1),
  };
}

/** Makes events as they were made under settings that are not known; the source's id is one of the settings. */
function writerUnder(source: string, settings: string, schema: Mark['v']) {
  return {
    placeholder: createPlaceholder(source, settings, schema),
    idsOf: createEventIds(source),
    marksOf: createMarks(source, settings, schema),
  };
}

function bodyAt({ payload }: SourceRecord, index: number): Uint8Array | undefined {
  return payload.kind === 'batch' ? payload.messages.at(index)?.body : index === 0 ? payload.bytes : undefined;
}

function placedAs({ position, returnTo }: Mark, record: SourceRecord): SourceRecord {
  return { ...record, position, ...(returnTo && { returnTo }) };
}
