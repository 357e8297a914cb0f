import { createReconversion, type Reconversion } from '../src/verify/reconvert.js';
import type { Config } from '../src/config/config.js';
import type { Mark } from '../src/core/mark.js';
import type { SourceRecord } from '../src/core/record.js';
import { ownMark } from '../src/engine/resume/ownership.js';
import type { Difference, DifferenceKind, ExpectedEvent } from '../src/verify/compare/difference.js';
import { Verification } from '../src/verify/compare/verification.js';
import type { StoredEvent } from '../src/target/target.js';
import type { JournalEntry } from './writer/journal.js';

/** The result of comparing a target stream with the journal of its writer. */
export interface Audit {
  /** Acknowledged commits. */
  readonly records: number;
  /** Commits that are in the stream although their writes were never acknowledged. These are not differences. */
  readonly unacknowledged: number;
  readonly events: number;
  /** Bytes of the data of all events. */
  readonly bytes: number;
  /** The number of differences of each kind, also where it is 0. `eventferry verify` uses the same kinds. */
  readonly differences: Readonly<Record<AuditedKind, number>>;
  /** The first differences, one sentence each. */
  readonly findings: readonly string[];
}

/** A journal knows nothing about the quarantine and the checkpoint, so their kinds are left out. */
type AuditedKind = Exclude<DifferenceKind, 'quarantine' | 'checkpoint-ahead'>;

const none: Readonly<Record<AuditedKind, number>> = {
  missing: 0,
  doubled: 0,
  reordered: 0,
  foreign: 0,
  'changed-id': 0,
  'changed-type': 0,
  'changed-content-type': 0,
  'changed-data': 0,
  'changed-mark': 0,
  chain: 0,
};

const maxFindings = 20;

/**
 * Compares the events of a stream, in order, with the journal of the only writer of its source. `eventferry verify`
 * makes the same comparison with what it reads at the source. The stream must hold all events of each acknowledged
 * commit, and all or none of each other commit.
 *
 * @param conversion the settings under which the stream was written
 */
export async function auditJournal(
  journal: readonly JournalEntry[],
  stored: readonly StoredEvent[],
  conversion: Config['convert'],
): Promise<Audit> {
  const landed = new Map<string, Mark>();
  for (const mark of stored.map((event) => ownMark(event, conversion.sourceId)))
    if (mark !== undefined && !landed.has(placeOf(mark))) landed.set(placeOf(mark), mark);
  const differences = { ...none };
  const findings: string[] = [];
  const found = (difference: Difference): void => {
    differences[difference.kind as AuditedKind] += 1;
    if (findings.length < maxFindings) findings.push(sentence(difference));
  };

  const reconversion = createReconversion(conversion);
  const expected = expectedEvents(recordsOf(journal, landed, reconversion), reconversion);
  const order = new Map(journal.map((entry, index) => [placeOf(entry), index]));
  const ordinal = (mark: Mark): number => order.get(placeOf(mark)) ?? -1;
  const verification = new Verification(expected, conversion.sourceId, {
    compare: (one, other) => ordinal(one) - ordinal(other) || one.index - other.index,
  });
  for (const event of stored) (await verification.stored(event)).forEach(found);
  for await (const difference of verification.end()) found(difference);
  return {
    records: journal.filter(({ acknowledged }) => acknowledged).length,
    unacknowledged: journal.filter((entry) => !entry.acknowledged && landed.has(placeOf(entry))).length,
    events: stored.length,
    bytes: stored.reduce((sum, { data }) => sum + data.length, 0),
    ...{ differences, findings },
  };
}

/** True when the stream and the journal do not differ. */
export function isExact({ differences }: Audit): boolean {
  return Object.values(differences).every((count) => count === 0);
}

/**
 * The commits that the source must hold, as records: the acknowledged ones, and those of the others that have events in
 * the stream. For an unacknowledged commit without events, only the position of the next record shows whether it was
 * written.
 */
function* recordsOf(
  journal: readonly JournalEntry[],
  landed: ReadonlyMap<string, Mark>,
  reconversion: Reconversion,
): Generator<SourceRecord> {
  let [position, unheard] = [1, 0];
  for (const entry of journal) {
    const seen = landed.get(placeOf(entry));
    if (!entry.acknowledged && seen === undefined) {
      if (entry.messages.length === 0 || reconversion.isExcluded(recordOf(entry, position))) unheard += 1;
      continue;
    }
    if (seen !== undefined) {
      if (seen.position > position && seen.position <= position + unheard) position = seen.position;
      unheard = 0;
    }
    yield recordOf(entry, position++);
  }
}

function recordOf(entry: JournalEntry, position: number): SourceRecord {
  const { key, chunk, offset, frameBytes, attributes, messages } = entry;
  return {
    ...{ position, key, chunk, offset, frameBytes },
    stamp: BigInt(entry.stamp),
    sha1: Buffer.from(entry.sha1, 'hex'),
    payload: {
      kind: 'batch',
      attributes,
      messages: messages.map(({ contract, body }) => ({
        contract: Buffer.from(contract),
        body: Buffer.from(body, 'base64'),
      })),
    },
  };
}

// eslint-disable-next-line @typescript-eslint/require-await -- the comparison takes what is read bit by bit
async function* expectedEvents(
  records: Iterable<SourceRecord>,
  reconversion: Reconversion,
): AsyncGenerator<ExpectedEvent, undefined> {
  for (const record of records) {
    for (const event of reconversion.events(record)) {
      const stored = event.mark.reformatted ? reconversion.body(record, event.mark.index) : undefined;
      yield { ...event, ...(stored && { body: stored }), ...(reconversion.isExcluded(record) && { excluded: true }) };
    }
  }
  return undefined;
}

function placeOf({ chunk, offset }: { readonly chunk: string; readonly offset: number }): string {
  return `${chunk} ${offset}`;
}

function sentence({ kind, position, index, revision, detail }: Difference): string {
  const where = [
    ...(position === undefined ? [] : [`position ${position}, event ${index ?? 0}`]),
    ...(revision === undefined ? [] : [`revision ${revision}`]),
  ];
  return `${kind}: ${where.join(', ')}: ${detail}`;
}
