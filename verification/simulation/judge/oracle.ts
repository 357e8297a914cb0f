import type { Acceptance } from '../../../src/checkpoint/row.js';
import type { FailureKind } from '../../../src/core/failure.js';
import type { Mark } from '../../../src/core/mark.js';
import type { Difference } from '../../../src/verify/compare/difference.js';
import { Verification } from '../../../src/verify/compare/verification.js';
import type { SourceRecord, TargetEvent } from '../../../src/core/record.js';
import type { Held } from './ledger.js';
import { settingsWith, sourceId, type Settings } from '../schedule/settings.js';
import { frameKey, sourceTruth, type SourceTruth } from './sourceTruth.js';
import { stream, type World } from '../world/world.js';
import { stopsOfDisagreement } from './deedStops.js';

/** How a schedule may end, once nothing fails any more. */
export interface Verdict {
  /** The reasons, as text for people. */
  readonly because?: readonly string[];
  /** The allowed ends: `exact`, or stops. */
  readonly allowed: readonly (FailureKind | 'exact')[];
  /** The events that the stream must hold if the first of the allowed ends came; absent where that is left open. */
  readonly events?: readonly TargetEvent[];
}

/** Says how a schedule must end. It looks only at what the world holds, not at what the product did. */
export function verdict(world: World): Verdict {
  const { node, table, blobs } = world.services;
  const { streams } = node.store;
  const held = world.ledger.all(node);
  if (streams.isTombstoned(stream, 'accepted')) return { allowed: ['TargetDeleted'] };
  if (streams.isSoftDeleted(stream, 'accepted')) return { allowed: ['TargetTruncated'] };
  // An append undeletes the stream, but events before that append stay hidden. A restored stream may hold only those.
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
  // Pages that were under way to a chunk may land in the new chunk of the same name. They restore the bytes just before
  // a cursor, so a run finds nothing wrong; only `verify` looks further back.
  const landed = world.schedule.actions.some((action) => action.kind === 'overwrite' && action.inFlight);
  if (!truth.frames.has(keyOf(last))) {
    return { allowed: ['SourceReplaced', 'SourceTruncated', ...(landed ? ['exact' as const] : [])] };
  }
  if (last.mark.settings !== world.settings.digest && !settingsAccepted(world, last.mark))
    return { allowed: ['SettingsChanged'] };
  const because: string[] = [];
  const behind = new Set<FailureKind>();
  const perRecord = settingsPerRecord(world, truth.records, held);
  findingsBehind(held, truth, perRecord, { found: behind, because });
  // A row that is ahead of a restored target leads to no finding: those records are read again.
  if (Number(table.row?.['revision'] ?? -1) < held.length) findingsInRow(table.row, truth, { found: behind, because });
  // Only a process that reads the stream there again finds a foreign event that took the revision of one of ours.
  const blocked = truth.blocker ? [truth.blocker.kind as FailureKind] : [];
  if (held.some(({ mark }) => !mark)) return { allowed: [...behind, ...blocked, 'TargetConflict', 'exact'], because };
  if (behind.size === 0) return ahead();
  for (const kind of stopsOfDisagreement(world.schedule)) behind.add(kind);
  // A record that was written twice makes the same event at the same position, whichever of its frames was read. So a
  // mark may name the other frame.
  const expected = eventsUnder(world, truth.records, held);
  if (expected.length === held.length && expected.every(({ id }, index) => id === held[index]?.event.id)) {
    return { allowed: [...behind, 'exact'], because };
  }
  // Without the row a run does not know which chunks were watched, and from where. Late frames may show as a gap later.
  if (world.rowWasDeleted) return { allowed: [...behind, 'SourceGap', 'exact'], because };
  if (landed) return { allowed: [...behind, 'exact'], because };
  return { allowed: [...behind, ...blocked], because };
}

interface Findings {
  readonly found: Set<FailureKind>;
  readonly because: string[];
}

/** Adds what the row's cursor shows. It counts records that make no event, of which the stream holds nothing. */
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

/** Adds what is wrong with the part of the source that was already read. */
function findingsBehind(
  held: readonly Held[],
  truth: SourceTruth,
  perRecord: readonly Settings[],
  findings: Findings,
): void {
  const { found, because } = findings;
  const gone = held.find((one) => one.mark && !truth.frames.has(keyOf(one)));
  if (gone) {
    because.push(`${keyOf(gone)} is in the stream, and not at the source`);
    found.add('SourceReplaced').add('SourceTruncated');
  }
  const replicated = new Set(held.map(keyOf));
  const chunks = new Set(held.map(({ mark }) => mark?.chunk));
  const eventful = truth.records.filter((record, index) => eventCount(record, perRecord[index]) > 0);
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
    // Positions count records that make no event too.
    judgePosition(one.mark.position, position, keyOf(one), findings);
  }
}

function aheadOf(world: World, { records, blocker }: SourceTruth, held: readonly Held[]): Verdict {
  const eventsOf = (some: readonly SourceRecord[]) => eventsUnder(world, some, held);
  const last = held.at(-1)?.mark;
  if (!blocker || (last && last.position > blocker.after)) {
    // A chunk that appeared before the cursor may begin with damage: a run reports it, though no record is missing.
    const isReordered = blocker?.kind === 'SourceCorrupt';
    return { allowed: isReordered ? ['exact', 'SourceReordered'] : ['exact'], events: eventsOf(records) };
  }
  return { allowed: [blocker.kind as FailureKind], events: eventsOf(records.slice(0, blocker.after)) };
}

/**
 * The events that the records must make. After a change of settings, a process that was not restarted still converts
 * under the former settings, beside one that was restarted. The server takes the events of both for the same: it
 * compares only ids, and an id does not depend on how the body is written. So each event is expected under the settings
 * that its mark names.
 */
function eventsUnder(world: World, records: readonly SourceRecord[], held: readonly Held[]): TargetEvent[] {
  if (!world.settingsChanged) return records.flatMap((record) => [...world.settings.convert(record)]);
  const perRecord = settingsPerRecord(world, records, held);
  const settingsById = new Map(held.map(({ event, mark }) => [event.id, settingsWith(mark?.settings ?? '')]));
  return records.flatMap((record, at) =>
    [...(perRecord[at] ?? world.settings).convert(record)].map((event, index) => {
      const written = settingsById.get(event.id);
      return written?.convert(record, true).at(index) ?? event;
    }),
  );
}

/**
 * The settings under which each record was read, as the stream tells it: those of its first event, or, when it has none,
 * those of the event that follows. What nothing follows is read under the present ones.
 */
function settingsPerRecord(world: World, records: readonly SourceRecord[], held: readonly Held[]): Settings[] {
  const written = new Map<string, Settings | undefined>();
  for (const one of held)
    if (one.mark && !written.has(keyOf(one))) written.set(keyOf(one), settingsWith(one.mark.settings));
  let settings = world.settings;
  const backwards = records.toReversed().map((record) => (settings = written.get(recordKey(record)) ?? settings));
  return backwards.toReversed();
}

/** True when the row says that a person has accepted the present settings behind those of the mark. */
function settingsAccepted(world: World, mark: Mark): boolean {
  const text = world.services.table.row?.['accepted'];
  const { settings } = JSON.parse(typeof text === 'string' ? text : '{}') as Acceptance;
  return settings?.from === mark.settings && settings.to === world.settings.digest;
}

/**
 * What is wrong with a stream after a person accepted every finding: each event of the source must be in it once, in
 * any order.
 */
export function heldTwiceOrMissing(world: World): string[] {
  const { node, blobs } = world.services;
  const counts = new Map<string, number>();
  for (const one of world.ledger.all(node)) {
    const key = `${keyOf(one)} ${one.mark?.index}`;
    if (one.mark) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const twice = [...counts].filter(([, count]) => count > 1).map(([key]) => `${key} is in the stream twice`);
  const { records } = sourceTruth(blobs, world.schedule.onDamage);
  const perRecord = settingsPerRecord(world, records, world.ledger.all(node));
  const missing = records
    .flatMap((record, at) =>
      Array.from({ length: eventCount(record, perRecord[at]) }, (_, index) => `${recordKey(record)} ${index}`),
    )
    .filter((key) => !counts.has(key))
    .map((key) => `${key} is not in the stream`);
  return [...twice, ...missing];
}

/** All differences between the stream and the events that it must hold, compared byte for byte. */
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

function eventCount({ key, payload }: SourceRecord, settings: Settings | undefined): number {
  if (settings?.options.excludeKeys.includes(key)) return 0;
  return payload.kind === 'batch' ? payload.messages.length : 1;
}
