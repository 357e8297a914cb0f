import type { FailureKind } from '../../src/errors.js';
import { Verification, type Difference } from '../../src/engine/verify.js';
import type { TargetEvent } from '../../src/record.js';
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
  /** The events that the stream must hold at the end; absent where a stop leaves that open. */
  readonly events?: readonly TargetEvent[];
}

/** Names the end that a schedule must come to, from what source and target hold and nothing else. */
export function verdict(world: World): Verdict {
  const { node, table, blobs } = world.services;
  const { streams } = node.store;
  const held = world.ledger.all(node);
  if (streams.isTombstoned(stream, 'accepted')) return { allowed: ['TargetDeleted'] };
  if (streams.isSoftDeleted(stream, 'accepted')) return { allowed: ['TargetTruncated'] };
  const truth = sourceTruth(blobs, world.schedule.onDamage);
  const last = held.at(-1);
  if (!last) {
    if (streams.find(`$$${stream}`)) return { allowed: ['TargetTruncated'] };
    if (table.row?.['mark'] !== undefined) return { allowed: ['TargetLost'] };
    return ahead(world, truth);
  }
  if (!last.mark) return { allowed: ['TargetConflict'] };
  if (!truth.frames.has(keyOf(last))) return { allowed: ['SourceReplaced', 'SourceTruncated'] };
  if (last.mark.settings !== settingsOf(world.bodyMode).settings) return { allowed: ['SettingsChanged'] };
  const because: string[] = [];
  const behind = findingsBehind(held, truth, because);
  if (behind.length === 0) return ahead(world, truth);
  return { allowed: truth.blocker ? [...behind, truth.blocker.kind as FailureKind] : behind, because };
}

/** What is wrong with what was read already. */
function findingsBehind(held: readonly Held[], truth: SourceTruth, because: string[]): FailureKind[] {
  const found = new Set<FailureKind>();
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
    if (position > one.mark.position) found.add('SourceReordered').add('SourceForked');
    if (position < one.mark.position) found.add('SourceReplaced').add('SourceTruncated');
    if (position !== one.mark.position)
      because.push(`${keyOf(one)} has position ${one.mark.position}, not ${position}`);
  }
  return [...found];
}

function ahead(world: World, truth: SourceTruth): Verdict {
  const { convert } = settingsOf(world.bodyMode);
  const events = truth.records.flatMap((record) => [...convert(record)]);
  if (!truth.blocker) return { allowed: ['exact'], events };
  const kind = truth.blocker.kind as FailureKind;
  return kind === 'SourceReordered' ? { allowed: [kind] } : { allowed: [kind], events };
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
