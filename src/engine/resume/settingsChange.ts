import type { CheckpointRow } from '../../checkpoint/row.js';
import { Failure } from '../../core/failure.js';
import type { Mark } from '../../core/mark.js';
import { shortName } from '../../core/text.js';
import type { Parts } from '../parts.js';

/** True when a person has accepted that events under the present settings follow those under the mark's. */
export function settingsAccepted(mark: Mark, row: CheckpointRow | undefined, parts: Parts): boolean {
  const accepted = row?.accepted?.settings;
  // guard: settings-accepted-for-now
  return accepted?.from === mark.settings && accepted.to === parts.settingsDigest;
}

/** The stop for a tail that was written under other settings; names those that differ as far as the row knows them. */
export function settingsChanged(mark: Mark, row: CheckpointRow | undefined, parts: Parts, events?: number): Failure {
  const names = changedNames(row ?? {}, parts);
  const which = names.length > 0 ? names.join(', ') : `one of ${Object.keys(parts.settingsByName).join(', ')}`;
  const count =
    events === undefined ? '' : ` Record ${mark.position} made ${mark.count} events then and makes ${events} now.`;
  return new Failure(
    'SettingsChanged',
    `The last event of stream ${parts.stream} was written under other settings: ${which} changed.${count}`,
    { stream: parts.stream, settings: names, from: mark.settings, to: parts.settingsDigest, position: mark.position },
  );
}

/**
 * The stop for events that were replicated from this container under another SOURCE_ID. No person can accept it: ids
 * come from the source id, so the same records would be written again as other events.
 */
export function sourceIdChanged({ source }: Mark, { stream, sourceId }: Pick<Parts, 'stream' | 'sourceId'>): Failure {
  const before = shortName(source);
  return new Failure(
    'SettingsChanged',
    `Stream ${stream} was replicated under SOURCE_ID ${before}, and SOURCE_ID is ${sourceId} now: all records would be ` +
      'written again, as other events.',
    { stream, settings: ['SOURCE_ID'], from: before, to: sourceId },
    { remedy: `Set SOURCE_ID back to ${before}, or replicate into a new TARGET_STREAM.` },
  );
}

function changedNames({ settings: before }: Partial<CheckpointRow>, parts: Parts): string[] {
  if (!before) return [];
  const names = new Set([...Object.keys(before), ...Object.keys(parts.settingsByName)]);
  return [...names].filter((name) => before[name] !== parts.settingsByName[name]);
}
