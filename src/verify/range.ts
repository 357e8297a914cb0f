import type { CheckpointRow } from '../checkpoint/row.js';
import type { ConvertOptions } from '../convert/convert.js';
import { placeholderFacts } from '../convert/placeholder.js';
import type { Reconversion } from './reconvert.js';
import type { Quarantine } from '../quarantine/quarantine.js';
import type { Mark } from '../core/mark.js';
import { sha256, type SourceRecord } from '../core/record.js';
import type { FramePoint, History } from '../source/views/history.js';
import { noStream, type StoredEvent } from '../target/target.js';
import { AcceptedForeign } from './acceptedForeign.js';
import { difference, type Compared, type Difference, type ExpectedEvent } from './compare/difference.js';
import type { UnjudgedPart } from './compare/unjudged.js';
import type { Parts } from '../engine/parts.js';
import { lastOwn, ownMark, recordAt } from '../engine/resume/ownership.js';
import type { Reading } from './compare/reading.js';
import { Verification } from './compare/verification.js';
import type { Ends } from './ends.js';

export interface VerifyParts extends Pick<
  Parts,
  'source' | 'target' | 'checkpoint' | 'clock' | 'sourceId' | 'stream' | 'settingsDigest'
> {
  readonly sourceHistory: History;
  readonly convertOptions: ConvertOptions;
  /** How records became events under settings that the checkpoint row remembers; undefined when that is not known. */
  readonly optionsOf: (settings: CheckpointRow['settings']) => ConvertOptions | undefined;
  /** Where quarantined messages are kept; absent when the settings do not say. */
  readonly quarantine?: Quarantine | undefined;
}

/** What the comparison of a range needs; the ranges of one verification share it. */
export interface RangeParts extends VerifyParts {
  readonly reconversion: Reconversion;
}

/** Positions, 1-based, both included. */
export interface PositionRange {
  readonly from: number;
  readonly to: number;
}

export interface RangeResult {
  /** Where the comparison began: at or before the `from` asked for, after an event that is certainly in its place. */
  readonly from: number;
  /** The last position that was compared; less than asked for when a stop was asked for. */
  readonly to: number;
  readonly firstRevision: number;
  readonly compared: Compared;
  readonly unjudged: readonly UnjudgedPart[];
  /** Events that are not ours and were accepted. */
  readonly acceptedForeign: number;
  /** SHA-256 of the events of each side, 64 hex digits. */
  readonly digest: { readonly source: string; readonly target: string };
}

/** Observes the comparison of a range, and may end it. */
export interface VerifyWatch {
  found(difference: Difference): void;
  /** The stream has been compared up to here. */
  reached(revision: number, position: number): void;
  /** Ends the comparison where it stands. */
  readonly stop: AbortSignal;
}

/**
 * Reads both ends in lockstep from a position on and compares them, in bounded memory.
 *
 * @throws Failure of a Source* or Target* kind
 */
export async function verifyRange(
  range: PositionRange,
  ends: Ends,
  parts: RangeParts,
  watch: VerifyWatch,
  signal: AbortSignal,
): Promise<RangeResult> {
  const start = await startOf(range.from, ends, parts, signal);
  const { verification, expected } = verificationFrom(start, parts, signal);
  const foreign = new AcceptedForeign(ends.row?.accepted, parts, signal);
  let position = start.position - 1;
  let acceptedCount = 0;
  // What lies behind the last event that is compared was read under these settings.
  let settings = ends.settings;
  // The last events of the stream are not always the last ones of the source.
  // guard: verify-to-the-last-event
  let to = range.to === ends.position ? Infinity : range.to;
  const events = parts.target.read(
    parts.stream,
    { revision: start.revision, direction: 'forwards', count: ends.revision - start.revision + 1 },
    signal,
  );
  for await (const event of events) {
    const mark = ownMark(event, parts.sourceId, ends.row?.accepted);
    if (!mark && !(await verification.changedOfOurs(event)) && (await foreign.has(event.revision))) {
      acceptedCount += 1;
      verification.links.before = event;
      continue;
    }
    if (watch.stop.aborted) to = Math.min(to, position - 1);
    if (mark && (mark.position > to || event.revision >= (ends.unfinished?.revision ?? Infinity))) {
      settings = mark.settings;
      break;
    }
    if (watch.stop.aborted) break;
    const found = await verification.stored(event, mark);
    // guard: verify-what-was-set-aside
    if (mark?.quarantined && found.length === 0) found.push(...(await notKept(event, mark, parts, signal)));
    for (const difference of found) watch.found(difference);
    if (mark) position = Math.max(position, mark.position);
    watch.reached(event.revision, position);
  }
  const isBeyond = (mark: Mark): boolean => mark.position > to || ends.isAhead(mark, parts.sourceHistory);
  for await (const difference of verification.end(isBeyond, settings)) watch.found(difference);
  await expected.return(undefined);
  return {
    ...{ from: start.position, firstRevision: start.revision, acceptedForeign: acceptedCount },
    to: Number.isFinite(to) ? to : Math.max(ends.position, position),
    compared: verification.compared,
    unjudged: verification.unjudged.parts,
    digest: verification.digest,
  };
}

/** What is wrong with the quarantined message behind a placeholder event. */
async function notKept(
  event: StoredEvent,
  mark: Mark,
  { quarantine }: VerifyParts,
  signal: AbortSignal,
): Promise<Difference[]> {
  const { blob = '', sha256: expected } = placeholderFacts(event) ?? {};
  const wrong = (what: string): Difference[] => [difference('quarantine', mark, event, `blob ${blob} ${what}`)];
  if (!quarantine) return wrong('cannot be looked at: the checkpoint connection names no blob service');
  const kept = await quarantine.read(blob, signal);
  if (!kept) return wrong(`is not in container ${quarantine.container}, or not whole`);
  return sha256(kept.body) === expected ? [] : wrong('holds another message');
}

interface Start {
  readonly position: number;
  /** Where the frame of that position starts; absent for the beginning. */
  readonly point?: FramePoint;
  readonly revision: number;
}

const beginning: Start = { position: 1, revision: 0 };

/**
 * Where to begin for a position: after the last event before it. That event's frame is read to make sure that it is
 * what the mark says. An event from a detour says nothing about the order, so an earlier one is taken.
 */
async function startOf(from: number, ends: Ends, parts: VerifyParts, signal: AbortSignal): Promise<Start> {
  let low = noStream;
  for (let high = ends.revision + 1; from > 1 && high - low > 1;) {
    const middle = (low + high) >> 1;
    const own = await lastOwn(parts, ends.row?.accepted, middle, signal, low);
    if (own && own.mark.position >= from) high = own.event.revision;
    else low = middle;
  }
  for (
    let own = await lastOwn(parts, ends.row?.accepted, low, signal);
    own;
    own = await lastOwn(parts, ends.row?.accepted, own.event.revision - 1, signal)
  ) {
    const { mark, event } = own;
    if (mark.returnTo) continue;
    const { frameBytes } = (await recordAt(mark, parts, signal)) ?? {};
    if (frameBytes === undefined) return beginning;
    const point = { chunk: mark.chunk, offset: mark.offset + frameBytes };
    return { position: mark.position + 1, point, revision: event.revision + 1 };
  }
  return beginning;
}

/** The record that makes an event, for as long as the event is kept. */
type Origins = WeakMap<ExpectedEvent, SourceRecord>;

function verificationFrom(start: Start, parts: RangeParts, signal: AbortSignal) {
  const { sourceHistory: history, reconversion } = parts;
  const origins: Origins = new WeakMap();
  const from = start.point && { ...start.point, position: start.position };
  const expected = expectedEvents(history.records(from, signal), reconversion, origins);
  const asMarked = (record: SourceRecord, stored: StoredEvent, mark: Mark): ExpectedEvent | undefined => {
    const event = reconversion.eventAs(mark, record, stored);
    return event && withBody(event, record, reconversion);
  };
  const recorded = <T>(event: ExpectedEvent, find: (record: SourceRecord) => T): T | undefined => {
    const record = origins.get(event);
    return record && find(record);
  };
  const reading: Reading = {
    settings: parts.settingsDigest,
    isKnown: (settings) => reconversion.isKnown(settings),
    leavesOut: (event, settings) => recorded(event, (record) => reconversion.isExcluded(record, settings)) ?? false,
    everLeavesOut: (event) => recorded(event, (record) => reconversion.isEverExcluded(record)) ?? false,
    compare: (one, other) => history.compare(one, other) || one.index - other.index,
    asMarked: (event, stored, mark) => recorded(event, (record) => asMarked(record, stored, mark)) ?? event,
    find: async (stored, mark) => {
      const record = await recordAt(mark, parts, signal);
      return record && asMarked(record, stored, mark);
    },
  };
  return { verification: new Verification(expected, parts.sourceId, reading), expected };
}

async function* expectedEvents(
  records: AsyncIterable<SourceRecord>,
  reconversion: Reconversion,
  origins: Origins,
): AsyncGenerator<ExpectedEvent, undefined> {
  for await (const record of records) {
    const isExcluded = reconversion.isExcluded(record);
    for (const event of reconversion.events(record)) {
      const expected = { ...withBody(event, record, reconversion), ...(isExcluded && { excluded: true as const }) };
      origins.set(expected, record);
      yield expected;
    }
  }
  return undefined;
}

/** A body that was reformatted is compared as the source stores it. */
function withBody(event: ExpectedEvent, record: SourceRecord, { body }: Pick<Reconversion, 'body'>): ExpectedEvent {
  const stored = event.mark.reformatted ? body(record, event.mark.index) : undefined;
  return stored ? { ...event, body: stored } : event;
}
