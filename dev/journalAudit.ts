import type { StoredEvent } from './eventstore/eventStoreServer.js';
import { formattedBody } from './writer/serviceStackJson.js';
import { sha256 } from './writer/journal.js';
import type { JournalEntry, JournalMessage } from './writer/journal.js';

/** An event as the server holds it, its bytes untouched. */
export type AuditedEvent = Omit<StoredEvent, 'id' | 'data' | 'metadata'> & Record<'data' | 'metadata', Uint8Array>;

/** What a target stream holds, held against what a writer noted. */
export interface Audit {
  /** Acknowledged commits. */
  readonly records: number;
  /** Commits that the writer never heard of again and that are in the stream nevertheless: rightly so. */
  readonly unacknowledged: number;
  readonly events: number;
  /** Of all events' data. */
  readonly bytes: number;
  /** Events that are there once more than they should be. */
  readonly duplicates: number;
  /** Events that are not there. */
  readonly gaps: number;
  /** Events that stand behind one that was written after them. */
  readonly reordered: number;
  /** Events whose type or data is not what was written. */
  readonly different: number;
  /** Events whose mark is not the place and key that the writer noted. */
  readonly wrongMarks: number;
  /** Events that no commit of the journal explains. */
  readonly foreign: number;
  /** The first findings, one sentence each. */
  readonly findings: readonly string[];
}

/** The part of a mark that says where an event came from. */
interface Mark {
  readonly chunk: string;
  readonly offset: number;
  readonly index: number;
  readonly count: number;
  readonly position: number;
  readonly key: string;
  readonly reformatted?: boolean;
}

interface Expected {
  readonly entry: JournalEntry;
  readonly message: JournalMessage;
  /** The positions that the record can have: one, unless unacknowledged commits stand before it. */
  readonly positions: readonly [least: number, most: number];
  seen: number;
}

type Finding = 'duplicates' | 'gaps' | 'reordered' | 'different' | 'wrongMarks' | 'foreign';

const mostFindings = 10;

/**
 * Compares the events of a stream, in order, with the journal of the only writer of its source. An event is found in
 * the journal by the chunk, offset and index of its mark, then everything else about it is compared. Acknowledged
 * commits must be there; of the others either all events or none. Records of the keys in `excludeKeys` make no event.
 */
export function auditJournal(
  journal: readonly JournalEntry[],
  stored: Iterable<AuditedEvent>,
  excludeKeys: readonly string[] = ['audit'],
): Audit {
  const expected = expectedEvents(journal, excludeKeys);
  const found = { duplicates: 0, gaps: 0, reordered: 0, different: 0, wrongMarks: 0, foreign: 0 };
  const findings: string[] = [];
  const find = (kind: Finding, what: string) => {
    found[kind]++;
    if (findings.length < mostFindings) findings.push(`${kind}: ${what}`);
  };
  const order = new Map([...expected.keys()].map((place, index) => [place, index]));
  let [events, bytes, last] = [0, 0, -1];

  for (const event of stored) {
    events++;
    bytes += event.data.length;
    const mark = markOf(event);
    const place = mark === undefined ? '' : placeOf(mark, mark.index);
    const wanted = expected.get(place);
    if (mark === undefined || wanted === undefined) {
      find('foreign', `revision ${event.revision} (${event.type}) is from no commit of the journal: ${place}`);
      continue;
    }
    if (wanted.seen++ > 0) {
      find('duplicates', `revision ${event.revision} is ${place} once more`);
      continue;
    }
    const ordinal = order.get(place) ?? -1;
    if (ordinal < last) find('reordered', `revision ${event.revision} is ${place}, which was written earlier`);
    last = Math.max(last, ordinal);
    if (event.type !== wanted.message.contract || !sameBody(event, mark, wanted.message))
      find('different', `revision ${event.revision} (${event.type}) is not what was written at ${place}`);
    if (!rightMark(mark, wanted)) find('wrongMarks', `revision ${event.revision}: ${JSON.stringify(mark)}`);
  }

  const landed = new Set([...expected.values()].filter(({ seen }) => seen > 0).map(({ entry }) => entry));
  for (const [place, { entry, seen }] of expected)
    if (seen === 0 && (entry.acknowledged || landed.has(entry))) find('gaps', `${place} (${entry.key}) is not there`);
  return {
    records: journal.filter(({ acknowledged }) => acknowledged).length,
    unacknowledged: [...landed].filter(({ acknowledged }) => !acknowledged).length,
    events,
    bytes,
    ...found,
    findings,
  };
}

/** True when the stream is what it should be. */
export function isExact({ duplicates, gaps, reordered, different, wrongMarks, foreign }: Audit): boolean {
  return duplicates + gaps + reordered + different + wrongMarks + foreign === 0;
}

/** How many events the acknowledged commits of a journal make. */
export function acknowledgedEvents(
  journal: readonly JournalEntry[],
  excludeKeys: readonly string[] = ['audit'],
): number {
  return journal
    .filter(({ acknowledged, key }) => acknowledged && !excludeKeys.includes(key))
    .reduce((sum, { messages }) => sum + messages.length, 0);
}

/** Every event that the journal allows for, by place, in the order it must have in the stream. */
function expectedEvents(journal: readonly JournalEntry[], excludeKeys: readonly string[]): Map<string, Expected> {
  const expected = new Map<string, Expected>();
  let least = 1;
  for (const [number, entry] of journal.entries()) {
    const positions = [least, number + 1] as const;
    if (!excludeKeys.includes(entry.key))
      for (const [index, message] of entry.messages.entries())
        expected.set(placeOf(entry, index), { entry, message, positions, seen: 0 });
    if (entry.acknowledged) least++;
  }
  return expected;
}

function placeOf({ chunk, offset }: { chunk: string; offset: number }, index: number): string {
  return `${chunk} offset ${offset} message ${index}`;
}

function markOf({ metadata }: AuditedEvent): Mark | undefined {
  try {
    return (JSON.parse(Buffer.from(metadata).toString('utf8')) as { eventferry?: Mark }).eventferry;
  } catch {
    return undefined;
  }
}

function rightMark(mark: Mark, { entry, positions: [least, most] }: Expected): boolean {
  const count = entry.messages.length;
  return mark.key === entry.key && mark.count === count && mark.position >= least && mark.position <= most;
}

/** The bytes as written; or, where the mark says so, JSON that the writer's formatter makes these bytes of. */
function sameBody(
  { data, contentType }: AuditedEvent,
  { reformatted }: Mark,
  { bytes, sha256: written }: JournalMessage,
): boolean {
  const text = Buffer.from(data).toString('utf8');
  if (contentType === 'application/json' && !isJson(text)) return false;
  const body = reformatted === true ? formattedBody(text) : data;
  return body.length === bytes && sha256(body) === written;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
