import type { CheckpointRow } from '../../checkpoint/row.js';
import { Failure } from '../../core/failure.js';
import type { Mark } from '../../core/mark.js';
import type { StoredEvent } from '../../target/target.js';
import type { Parts } from '../parts.js';
import { settingsAccepted, settingsChanged } from './settingsChange.js';
import { acceptedMark, provenMark } from './ownership.js';

/** What a tail that is not ours means once a person has accepted it. */
export type AcceptedTail =
  { readonly kind: 'own'; readonly event: StoredEvent; readonly mark: Mark } | { readonly kind: 'nothing-of-ours' };

/**
 * The tail was not written for this source id. Either our own SOURCE_ID was changed (the mark names a frame that this
 * container holds), or someone else writes to the stream; both stop until a person accepts them.
 *
 * @throws Failure `SettingsChanged`, `TargetConflict` or `TargetTruncated`
 */
export async function foreignTail(
  tail: StoredEvent,
  row: CheckpointRow | undefined,
  parts: Parts,
  signal: AbortSignal,
): Promise<AcceptedTail> {
  const mark = provenMark(tail);
  if (mark && (await isAtSource(mark, parts, signal))) {
    if (settingsAccepted(mark, row, parts)) return { kind: 'own', event: tail, mark };
    throw settingsChanged(mark, row, parts);
  }
  // guard: foreign-tail
  if (isAccepted(tail, row)) return lastOwnEvent(tail.revision, row, parts, signal);
  throw new Failure(
    'TargetConflict',
    `Revision ${tail.revision} of stream ${parts.stream} (type ${tail.type}, id ${tail.id}) was not written by ` +
      `Eventferry for source ${parts.sourceId}.`,
    { stream: parts.stream, revision: tail.revision, type: tail.type, id: tail.id },
  );
}

/** True for the very event that a person has accepted, not for another one that came to stand there. */
export function isAccepted({ revision, id }: StoredEvent, row: CheckpointRow | undefined): boolean {
  // guard: accepted-is-the-very-event
  return row?.accepted?.foreign?.some((one) => one.revision === revision && one.id === id) ?? false;
}

async function isAtSource(mark: Mark, { source }: Parts, signal: AbortSignal): Promise<boolean> {
  try {
    await source.locate(mark, undefined, signal);
    return true;
  } catch (error) {
    if (error instanceof Failure && error.policy === 'stop') return false;
    throw error;
  }
}

async function lastOwnEvent(
  revision: number,
  row: CheckpointRow | undefined,
  parts: Parts,
  signal: AbortSignal,
): Promise<AcceptedTail> {
  const backwards = parts.target.read(parts.stream, { revision, direction: 'backwards' }, signal);
  for await (const event of backwards) {
    // guard: earlier-id-of-the-source
    const mark = acceptedMark(event, parts.sourceId, row?.accepted);
    if (mark) return { kind: 'own', event, mark };
  }
  await refuseHidden(parts, signal);
  return { kind: 'nothing-of-ours' };
}

/**
 * A foreign append shows a soft-deleted stream again, but not the events before it. Ours may be among those, and would
 * be there twice once they are shown again.
 *
 * @throws Failure `TargetTruncated` when the stream holds events that it does not show
 */
export async function refuseHidden(
  { target, stream }: Pick<Parts, 'target' | 'stream'>,
  signal: AbortSignal,
): Promise<void> {
  for await (const { revision } of target.read(stream, { revision: 0, direction: 'forwards', count: 1 }, signal)) {
    // guard: hidden-events-of-ours
    if (revision === 0) return;
    throw new Failure(
      'TargetTruncated',
      `Stream ${stream} shows no event of ours, and hides those before revision ${revision}: what it hides may be ours.`,
      { stream, revision },
    );
  }
}
