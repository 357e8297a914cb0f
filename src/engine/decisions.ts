import type { CheckpointRow } from '../checkpoint/row.js';
import { settingsDigest } from '../config/digest.js';
import { Failure } from '../core/failure.js';
import { beginning, type Cursor } from '../core/cursor.js';
import { shortName } from '../core/text.js';
import { noStream, type StoredEvent } from '../target/target.js';
import type { Parts } from './parts.js';
import { brokenLink } from './resume/chain.js';
import { resume } from './resume/resume.js';
import { lastOwn, ownMark, provenMark, refuseHidden } from './resume/ownership.js';

/** How many events, from the end of the stream, are searched before a chunk is accepted. */
const maxSearched = 500_000;

/** How many former settings a row remembers: one may be long, and a row has room for a megabyte. */
const maxFormerSettings = 10;

/** What a person decides after a stop. */
export type Decision =
  /** Events under the present settings may follow those that were written under others. */
  | { readonly kind: 'settings' }
  /** Continue after an event that is not ours. */
  | { readonly kind: 'revision'; readonly revision: number }
  /** Read this chunk now, although its place lies before the cursor. */
  | { readonly kind: 'chunk'; readonly chunk: string }
  /** Replicate again from the beginning into a stream that does not exist any more. */
  | { readonly kind: 'rewind' };

/** A decision that fits: what it will do, in words, and how to apply it. */
export interface DecisionPlan {
  readonly says: string;
  /** Writes the checkpoint row and nothing else. @throws Failure `CheckpointMoved` when a run wrote it meanwhile */
  apply(): Promise<void>;
}

/**
 * Checks that the decision fits the present situation, and says what it would do. Writes nothing yet.
 *
 * @throws Failure `NotApplicable` when there is nothing of the kind to decide; a stop that no such decision leads on from
 */
export async function decide(decision: Decision, parts: Parts, signal: AbortSignal): Promise<DecisionPlan> {
  switch (decision.kind) {
    case 'settings':
      return acceptSettings(parts, signal);
    case 'revision':
      return acceptRevision(decision.revision, parts, signal);
    case 'chunk':
      return acceptChunk(decision.chunk, parts, signal);
    case 'rewind':
      return rewind(parts, signal);
  }
}

async function acceptSettings(parts: Parts, signal: AbortSignal): Promise<DecisionPlan> {
  const { checkpoint, stream, settingsDigest: settings } = parts;
  const row = await checkpoint.load(signal);
  const tail = await parts.target.tail(stream, signal);
  const revision = tail.kind === 'event' ? tail.event.revision : noStream;
  const mark = (await lastOwn(parts, row?.accepted, revision, signal))?.mark;
  if (!mark || mark.settings === settings) {
    throw notApplicable(`Stream ${stream} was not written under other settings: there is nothing to accept.`);
  }
  return {
    says:
      `Events of stream ${stream} up to position ${mark.position} stay as they are (settings ${mark.settings}); ` +
      `all records behind that position are converted under the present settings (${settings}).`,
    apply: () =>
      checkpoint.accept({
        settings: { from: mark.settings, to: settings },
        formerSettings: formerSettings(row, mark.settings),
      }),
  };
}

/** The row says what the settings of the stream's last event of ours were, unless the row was lost since. */
function formerSettings(row: CheckpointRow | undefined, digest: string): CheckpointRow['settings'][] {
  const { settings = {}, accepted } = row ?? {};
  const others = (accepted?.formerSettings ?? []).filter((one) => settingsDigest(one) !== digest);
  const known = settingsDigest(settings) === digest ? [settings] : [];
  return [...others, ...known].slice(-maxFormerSettings);
}

async function acceptRevision(revision: number, parts: Parts, signal: AbortSignal): Promise<DecisionPlan> {
  const { checkpoint, stream } = parts;
  const row = await checkpoint.load(signal);
  const tail = await parts.target.tail(stream, signal);
  if (tail.kind !== 'event' || tail.event.revision !== revision) {
    const last = tail.kind === 'event' ? `its last revision is ${tail.event.revision}` : `it is ${tail.kind}`;
    throw notApplicable(`Only the last event of stream ${stream} can be accepted, and ${last}.`);
  }
  await lastOwn(parts, row?.accepted, revision, signal); // refuses a changed SOURCE_ID
  // A copy of an event of ours has our mark, and breaks the chain.
  if (ownMark(tail.event, parts.sourceId) && !(await breaksChain(tail.event, parts, signal))) {
    throw notApplicable(`Revision ${revision} of stream ${stream} was written by Eventferry: nothing to accept.`);
  }
  return {
    says:
      `Replication continues after revision ${revision} of stream ${stream} (type ${shortName(tail.event.type)}), ` +
      'which Eventferry did not write there; that event stays where it is.',
    apply: () => checkpoint.accept({ foreign: [...(row?.accepted?.foreign ?? []), { revision, id: tail.event.id }] }),
  };
}

/** True for an event that names another one as the event before it than the one that stands there. */
async function breaksChain(event: StoredEvent, { target, stream }: Parts, signal: AbortSignal): Promise<boolean> {
  const from = { revision: event.revision - 1, direction: 'backwards', count: 1 } as const;
  if (event.revision === 0) return brokenLink(event, undefined, provenMark(event)) !== undefined;
  for await (const before of target.read(stream, from, signal))
    return brokenLink(event, before, provenMark(event)) !== undefined;
  return false;
}

async function acceptChunk(chunk: string, parts: Parts, signal: AbortSignal): Promise<DecisionPlan> {
  const place = await resume(parts, signal);
  const cursor = await parts.source.accept(chunk, place.cursor, signal);
  // guard: what-the-stream-holds-is-not-accepted
  if (cursor.chunk === chunk) await refuseWhatIsThere(cursor, place.revision, parts, signal);
  return {
    says:
      cursor.chunk === chunk
        ? `Chunk ${chunk} is read next, from byte ${cursor.offset}; its records get positions from ${cursor.position} on.`
        : `Replication continues with chunk ${chunk}, although its name says that records before it are missing.`,
    apply: async () => {
      await parts.checkpoint.advance({ ...place, cursor });
      await parts.checkpoint.save();
    },
  };
}

async function refuseWhatIsThere(
  { chunk, offset }: Cursor,
  tailRevision: number,
  { target, stream, sourceId }: Parts,
  signal: AbortSignal,
): Promise<void> {
  if (tailRevision === noStream) return;
  let searched = 0;
  for await (const event of target.read(stream, { revision: tailRevision, direction: 'backwards' }, signal)) {
    const mark = ownMark(event, sourceId);
    // guard: what-the-stream-holds-of-a-chunk
    if (mark?.chunk === chunk && mark.offset >= offset) {
      throw notApplicable(
        `Revision ${event.revision} of stream ${stream} comes from byte ${mark.offset} of chunk ${chunk}: reading it now ` +
          'would double events. Delete the checkpoint row instead: the next run continues after the last event of the stream.',
      );
    }
    if (++searched === maxSearched) return;
  }
}

async function rewind(parts: Parts, signal: AbortSignal): Promise<DecisionPlan> {
  const { checkpoint, stream } = parts;
  const row = await checkpoint.load(signal);
  const tail = await parts.target.tail(stream, signal);
  // guard: rewind-of-a-soft-deleted-stream
  if (tail.kind === 'truncated') {
    throw new Failure(
      'TargetTruncated',
      `Stream ${stream} was soft-deleted or is hidden (${tail.reason}): it would take known events and store nothing.`,
      { stream },
    );
  }
  const isLost =
    tail.kind === 'absent' ||
    (tail.kind === 'event' && !(await lastOwn(parts, row?.accepted, tail.event.revision, signal)));
  // guard: rewind-only-what-is-lost
  if (!isLost) {
    throw notApplicable(`Stream ${stream} is not lost: rewinding would write its events a second time.`);
  }
  if (!row?.confirmed)
    throw notApplicable(`Nothing was confirmed in stream ${stream}: a run starts from the beginning.`);
  if (tail.kind === 'event') await refuseHidden(parts, signal);
  return {
    says: `The source is replicated again from its first record into stream ${stream}, which holds no event of ours now.`,
    apply: () => checkpoint.rollBack({ cursor: beginning }),
  };
}

function notApplicable(message: string): Failure {
  return new Failure('NotApplicable', message);
}
