import type { StopKind } from '../../../src/core/failure.js';
import type { Deed, Schedule } from '../schedule/schedule.js';

/** Which stops a deed may lead to, at once or later. Deeds that are not listed lead to none. */
const mayStop: Readonly<Partial<Record<Deed['kind'], readonly StopKind[]>>> = {
  overwrite: ['SourceReplaced', 'SourceTruncated', 'SourceGap', 'SourceForked', 'SourceReordered', 'SourceCorrupt'],
  phantom: ['SourceForked', 'SourceReordered'],
  tear: ['SourceForked', 'SourceReordered'],
  secondWriter: ['SourceForked', 'SourceReordered', 'SourceGap'],
  truncatingReader: ['SourceTruncated', 'SourceReplaced', 'SourceForked', 'SourceReordered', 'SourceGap'],
  disorder: ['SourceReordered', 'SourceForked'],
  growOlder: ['SourceForked', 'SourceReordered', 'SourceReplaced'], // late pages may overwrite the frame
  damage: ['SourceCorrupt', 'SourceForked', 'SourceReordered'], // a restarted writer counts only up to it
  loseTarget: ['TargetLost'],
  replaceServer: ['TargetLost'],
  softDelete: ['TargetTruncated'],
  tombstone: ['TargetDeleted'],
  foreignEvent: ['TargetConflict'],
  changeSettings: ['SettingsChanged'],
};

/** The stops that a deed may lead to as soon as it begins. */
export function stopsOf(deed: Deed, schedule: Schedule): readonly StopKind[] {
  const isLate =
    deed.kind === 'phantom' ? deed.lateMs > 0 : deed.kind === 'tear' ? deed.restAfterMs !== undefined : true;
  if (!isLate) return [];
  const stops = mayStop[deed.kind] ?? [];
  const changesSource = stops.some((kind) => kind.startsWith('Source'));
  return changesSource ? [...stops, ...stopsOfDisagreement(schedule)] : stops;
}

/**
 * The stops that come from a disagreement about the order of frames. Two runners may have read frames in different
 * orders; each then finds that the other has appended wrongly. One runner alone finds the same when an earlier append
 * of its own arrives after it has read the source again.
 */
export function stopsOfDisagreement({ runners, rates }: Schedule): readonly StopKind[] {
  const isLate = (rates.slowCommit ?? 0) + (rates.appendLate ?? 0) > 0;
  return runners.length > 1 || isLate ? ['TargetConflict'] : [];
}
