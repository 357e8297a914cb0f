import type { FailureKind } from '../../src/core/failure.js';
import type { Difference } from '../../src/verify/difference.js';
import { Verification } from '../../src/verify/verify.js';
import type { SourceRecord, TargetEvent } from '../../src/core/record.js';
import type { Held } from './ledger.js';
import { excludedKey, settingsOf, sourceId } from './parts.js';
import { frameKey, sourceTruth, type SourceTruth } from './sourceTruth.js';
import { stream, type World } from './world.js';

/** How a schedule may end, now that nothing fails any more. */
export interface Verdict {
  /** Why, for people. */
  readonly because?: readonly string[];
  /** `exact`, or the stops of which one must come. */
  readonly allowed: readonly (FailureKind | 'exact')[];
  /** The events that the stream must hold when the first of these ends came; absent where a stop leaves that open. */
  readonly events?: readonly TargetEvent[];
}

/** Names the end that a schedule must come to, from what source and target hold and nothing else. */
export function verdict(world: World): Verdict {
  const { node, table, blobs } = world.services;
  const { streams } = node.store;
  const held = world.ledger.all(node);
  if (streams.isTombstoned(stream, 'accepted')) return { allowed: ['TargetDeleted'] };
  if (streams.isSoftDeleted(stream, 'accepted')) return { allowed: ['TargetTruncated'] };
  // An append undeletes the stream, but the events before it stay hidden; a restored stream may have no others.
  const state = streams.find(stream);
  if (state && held.length > 0 && streams.firstVisible(state) > state.committed)
    return { allowed: ['TargetTruncated'] };
  const truth = sourceTruth(blobs, world.schedule.onDamage);
  const ahead = () => aheadOf(world, truth, held);
  const last = held.at(-1);
  if (!last) {
    if (streams.find(`$$${stream}`)) return { allowed: ['TargetTruncated'] };
    if (table.row?.['mark'] !== undefined) return { allowed: ['TargetLost'] };
    const inRow: Findings = { found: new Set(), because: [] };
    findingsInRow(table.row, truth, inRow);
    return inRow.found.size === 0 ? ahead() : { allowed: [...inRow.found], because: inRow.because };
  }
  if (!last.mark) return { allowed: ['TargetConflict'] };
  // Pages that were under way to a chunk and land in the one that took its name put back what stood before a cursor;
  // further back nobody looks but `verify`.
  const landed = world.schedule.actions.some((action) => action.kind === 'overwrite' && action.inFlight);
  if (!truth.frames.has(keyOf(last))) {
    return { allowed: ['SourceReplaced', 'SourceTruncated', ...(landed ? ['exact' as const] : [])] };
  }
  if (last.mark.settings !== settingsOf(world.bodyMode).settings) return { allowed: ['SettingsChanged'] };
  const because: string[] = [];
  const behind = new Set<FailureKind>();
  findingsBehind(held, truth, { found: behind, because });
  // What a row says that is ahead of a restored target will be read again.
  if (Number(table.row?.['revision'] ?? -1) < held.length) findingsInRow(table.row, truth, { found: behind, because });
  // A foreign event that took the revision of one of ours is found by whoever reads there again, and not otherwise.
  const blocked = truth.blocker ? [truth.blocker.kind as FailureKind] : [];
  if (held.some(({ mark }) => !mark)) return { allowed: [...behind, ...blocked, 'TargetConflict', 'exact'], because };
  if (behind.size === 0) return ahead();
  for (const kind of world.stopsOfDisagreement) behind.add(kind);
  // What was written twice makes the same event at the same position, wherever it was read: one mark may name the other.
  const expected = eventsUnder(world, truth.records, held);
  if (expected.length === held.length && expected.every(({ id }, index) => id === held[index]?.event.id)) {
    return { allowed: [...behind, 'exact'], because };
  }
  // Without the row nobody knows what was left, and where; it may show as a gap further on.
  if (world.rowWasDeleted) return { allowed: [...behind, 'SourceGap', 'exact'], because };
  if (landed) return { allowed: [...behind, 'exact'], because };
  return { allowed: [...behind, ...blocked], because };
}

interface Findings {
  readonly found: Set<FailureKind>;
  readonly because: string[];
}

/** What the row's cursor tells of records that make no event. */
function findingsInRow(
  row: Readonly<Record<string, unknown>> | undefined,
  truth: SourceTruth,
  findings: Findings,
): void {
  const offset = Number(row?.['offset'] ?? 0);
  if (!row || offset === 0 || row['returnTo'] !== undefined) return;
  const last = truth.records.find(
    (record) =>
      record.chunk === row['chunk'] &&
      record.offset + record.frameBytes === offset &&
      Buffer.from(record.sha1).toString('hex') === row['sha1'],
  );
  judgePosition(
    Number(row['position']) - 1,
    last?.position,
    `the row's cursor at ${String(row['chunk'])}@${offset}`,
    findings,
  );
}

function judgePosition(counted: number, now: number | undefined, where: string, { found, because }: Findings): void {
  if (now === counted) return;
  because.push(now === undefined ? `${where} is not at the source` : `${where} has position ${counted}, not ${now}`);
  const isMore = now !== undefined && now > counted;
  for (const kind of isMore
    ? (['SourceReordered', 'SourceForked'] as const)
    : (['SourceReplaced', 'SourceTruncated'] as const))
    found.add(kind);
}

/** What is wrong with what was read already. */
function findingsBehind(held: readonly Held[], truth: SourceTruth, findings: Findings): void {
  const { found, because } = findings;
  const gone = held.find((one) => one.mark && !truth.frames.has(keyOf(one)));
  if (gone) {
    because.push(`${keyOf(gone)} is in the stream, and not at the source`);
    found.add('SourceReplaced').add('SourceTruncated');
  }
  const replicated = new Set(held.map(keyOf));
  const chunks = new Set(held.map(({ mark }) => mark?.chunk));
  const eventful = truth.records.filter((record) => eventCount(record) > 0);
  const lastAt = eventful.findLastIndex((record) => replicated.has(recordKey(record)));
  for (const record of eventful.slice(0, lastAt)) {
    if (replicated.has(recordKey(record))) continue;
    because.push(`${recordKey(record)} is at the source, and not in the stream`);
    found.add('SourceForked');
    if (!chunks.has(record.chunk)) found.add('SourceReordered');
  }
  const positions = new Map(truth.records.map((record) => [recordKey(record), record.position]));
  let before = 0;
  for (const one of held) {
    const position = positions.get(keyOf(one));
    if (position === undefined || !one.mark) continue;
    if (position < before) because.push(`${keyOf(one)} comes too late in the stream`);
    if (position < before) found.add('SourceReordered').add('SourceForked');
    before = position;
    // Records that make no event count too.
    judgePosition(one.mark.position, position, keyOf(one), findings);
  }
}

function aheadOf(world: World, { records, blocker }: SourceTruth, held: readonly Held[]): Verdict {
  const eventsOf = (some: readonly SourceRecord[]) => eventsUnder(world, some, held);
  const last = held.at(-1)?.mark;
  if (!blocker || (last && last.position > blocker.after)) {
    // A chunk that came before the cursor with nothing but damage in front is a finding, and has no record to miss.
    const isReordered = blocker?.kind === 'SourceCorrupt';
    return { allowed: isReordered ? ['exact', 'SourceReordered'] : ['exact'], events: eventsOf(records) };
  }
  return { allowed: [blocker.kind as FailureKind], events: eventsOf(records.slice(0, blocker.after)) };
}

/**
 * The events of the records. A process that was not yet restarted goes on under the former settings for a while, beside
 * one that was, and the server takes the latter's events for the former's: it compares ids alone, and these say what an
 * event is, not how it is written. So each is held to the settings that its mark names.
 */
function eventsUnder(world: World, records: readonly SourceRecord[], held: readonly Held[]): TargetEvent[] {
  const present = settingsOf(world.bodyMode);
  const former = settingsOf('auto');
  if (present === former) return records.flatMap((record) => [...present.convert(record)]);
  const formerly = new Set(held.flatMap(({ event, mark }) => (mark?.settings === former.settings ? [event.id] : [])));
  return records.flatMap((record) => {
    const before = former.convert(record);
    return [...present.convert(record)].map((event, index) => {
      const earlier = before[index];
      return earlier && formerly.has(earlier.id) ? earlier : event;
    });
  });
}

/**
 * What is wrong with a stream into which a person had everything read, out of its place or not: each event of the
 * source must be in it once.
 */
export function heldTwiceOrMissing(world: World): string[] {
  const { node, blobs } = world.services;
  const counts = new Map<string, number>();
  for (const one of world.ledger.all(node)) {
    const key = `${keyOf(one)} ${one.mark?.index}`;
    if (one.mark) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const twice = [...counts].filter(([, count]) => count > 1).map(([key]) => `${key} is in the stream twice`);
  const missing = sourceTruth(blobs, world.schedule.onDamage)
    .records.flatMap((record) =>
      Array.from({ length: eventCount(record) }, (_, index) => `${recordKey(record)} ${index}`),
    )
    .filter((key) => !counts.has(key))
    .map((key) => `${key} is not in the stream`);
  return [...twice, ...missing];
}

/** Everything in which the stream is not what it must be, to the byte. */
export async function differences(world: World, events: readonly TargetEvent[]): Promise<Difference[]> {
  // eslint-disable-next-line @typescript-eslint/require-await
  const expected = (async function* () {
    yield* events;
  })();
  const verification = new Verification(expected, sourceId);
  const found: Difference[] = [];
  for (const { event } of world.ledger.all(world.services.node)) found.push(...(await verification.stored(event)));
  for await (const difference of verification.end()) found.push(difference);
  return found;
}

function keyOf({ mark }: Held): string {
  return mark ? frameKey(mark.chunk, mark.offset, mark.sha1) : '';
}

function recordKey(record: SourceTruth['records'][number]): string {
  return frameKey(record.chunk, record.offset, Buffer.from(record.sha1).toString('hex'));
}

function eventCount({ key, payload }: SourceTruth['records'][number]): number {
  if (key === excludedKey) return 0;
  return payload.kind === 'batch' ? payload.messages.length : 1;
}
