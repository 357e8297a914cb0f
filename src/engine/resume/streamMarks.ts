import type { CheckpointRow } from '../../checkpoint/row.js';
import { Failure } from '../../core/failure.js';
import type { Mark } from '../../core/mark.js';
import { noStream } from '../../target/target.js';
import type { Confirmed, Parts } from '../parts.js';
import { acceptedMark } from './ownership.js';

/** Where the row stands, and what a person has accepted: what was appended after it is caught up on. */
export type Known = Pick<CheckpointRow, 'cursor' | 'confirmed' | 'accepted'>;

/** The mark of an event of ours. */
export interface StreamMark {
  readonly mark: Mark;
  /** The stream hides events between the mark before and this one. */
  readonly isBehindHidden: boolean;
}

/** The marks of the events after the row's, up to the tail. @throws Failure `TargetConflict` for a foreign event */
export async function* marksAfter(
  { accepted, confirmed }: Known,
  tail: Confirmed,
  { stream, target, sourceId }: Parts,
  signal: AbortSignal,
): AsyncGenerator<StreamMark, undefined> {
  let expected = (confirmed?.revision ?? noStream) + 1;
  let isBehindHidden = false;
  for await (const event of target.read(stream, { revision: expected, direction: 'forwards' }, signal)) {
    if (event.revision > tail.revision) return;
    const mark = acceptedMark(event, sourceId, accepted);
    // Whoever accepted an event has accepted what stands before it.
    // guard: foreign-event-among-ours
    if (!mark && !accepted?.foreign?.some(({ revision }) => revision >= event.revision)) {
      throw new Failure(
        'TargetConflict',
        `Revision ${event.revision} of stream ${stream} (type ${event.type}) was not written by Eventferry for ` +
          `source ${sourceId}, but events of ours follow it: replicate into a new TARGET_STREAM.`,
        { stream, revision: event.revision, type: event.type, id: event.id },
      );
    }
    // guard: hidden-events-among-ours
    isBehindHidden ||= event.revision !== expected;
    expected = event.revision + 1;
    if (!mark) continue;
    yield { mark, isBehindHidden };
    isBehindHidden = false;
  }
}
