import { randomUUID } from 'node:crypto';

import { resume } from '../engine/resume/resume.js';
import type { Parts } from '../engine/parts.js';
import { asFailure } from '../core/failure.js';
import type { TargetEvent } from '../core/record.js';
import { noStream, type Target } from '../target/target.js';
import { good, skipped, thrownIn, warning, wrong, type Finding } from './finding.js';

/** No stream has so many events, so the server refuses an append with it, but only after all its other checks. */
const impossibleRevision = Number.MAX_SAFE_INTEGER - 1;

/**
 * Checks the stream's tail, and the rights to the stream. Writes nothing.
 *
 * @param parts a run's parts, with a checkpoint store that writes nothing
 */
export async function* streamFindings(parts: Parts, signal: AbortSignal): AsyncGenerator<Finding> {
  const { target, stream } = parts;
  try {
    const tail = await target.tail(stream, signal);
    yield good('login', `stream ${stream} can be read`);
    if (tail.kind === 'event' && tail.retention) {
      yield warning(
        'tail',
        `The metadata of stream ${stream} makes the server hide or remove events ($maxCount, $maxAge or $tb).`,
        'Remove it, so that nothing that was replicated is lost.',
      );
    }
  } catch (thrown) {
    yield thrownIn('login', thrown);
    for (const check of ['tail', 'write', 'appendLimit'] as const) yield skipped(check, 'the stream cannot be read');
    return;
  }
  yield await tailFinding(parts, signal);
  yield* writeFindings(target, stream);
}

/** Checks what a run would find when it resumes. */
async function tailFinding(parts: Parts, signal: AbortSignal): Promise<Finding> {
  try {
    const { revision, confirmed } = await resume(parts, signal);
    if (revision === noStream) return good('tail', `stream ${parts.stream} does not exist yet`);
    return confirmed
      ? good('tail', `ours: position ${confirmed.mark.position}, revision ${revision}`)
      : good('tail', `revision ${revision}, accepted by a person; nothing of ours yet`);
  } catch (thrown) {
    const failure = asFailure(thrown);
    if (failure.kind === 'SourceUnreachable' || failure.kind === 'CheckpointUnreachable') {
      return skipped('tail', failure.message);
    }
    return thrownIn('tail', failure);
  }
}

async function* writeFindings(target: Target, stream: string): AsyncGenerator<Finding> {
  const small = await refusalOf(target, stream, 64);
  if (small.kind !== 'WrongExpectedRevision') {
    yield wrong('write', small.message, small.remedy);
    yield skipped('appendLimit', 'nothing can be written');
    return;
  }
  yield good('write', 'an append that expects an impossible revision is refused for that alone; nothing was written');
  const asked = target.appendBytes;
  const large = await refusalOf(target, stream, asked);
  if (large.kind === 'WrongExpectedRevision') yield good('appendLimit', `${asked} bytes in one append`);
  else if (large.kind === 'AppendTooLarge') {
    yield warning(
      'appendLimit',
      `The server takes ${target.appendBytes} bytes in one append; APPEND_BYTES is ${asked}.`,
      `Set APPEND_BYTES to ${target.appendBytes}; until then each run has to find the limit again. ` +
        'A record that makes a larger event stops replication.',
    );
  } else yield wrong('appendLimit', large.message, large.remedy);
}

/** Tries an append of so many bytes that the server must refuse. @returns why the server refused it */
async function refusalOf(target: Target, stream: string, bytes: number) {
  const call = target.open();
  try {
    const event = probeEvent(bytes);
    const measured = { events: [event], size: target.measure(event) };
    const revision = await call.append(stream, measured, impossibleRevision);
    throw new Error(`the server claims to have appended revision ${revision}`);
  } catch (thrown) {
    return asFailure(thrown);
  } finally {
    call.close();
  }
}

const probeType = 'eventferry-doctor';

/** An event that the server counts as so many bytes. */
function probeEvent(bytes: number): TargetEvent {
  return {
    id: randomUUID(),
    type: probeType,
    contentType: 'application/octet-stream',
    data: new Uint8Array(Math.max(0, bytes - 2 * probeType.length)),
    metadata: new Uint8Array(),
    mark: {
      ...{ v: 1, source: 'doctor', position: 0, index: 0, count: 1 },
      ...{ key: '', sha1: '', chunk: '', offset: 0, settings: '' },
    },
  };
}

/** A category is what stands before the first hyphen of a stream's name. */
export function streamNameFinding(stream: string): Finding {
  const hyphen = stream.indexOf('-');
  if (hyphen < 0) return good('streamName', `${stream} has no hyphen, so it is in no category`);
  const category = stream.slice(0, hyphen);
  const says =
    category === ''
      ? `The stream's name ${stream} begins with a hyphen: its category is empty.`
      : `The stream's name ${stream} has a hyphen: its events are in the category ${category} ($ce-${category}), ` +
        `beside those of any other stream whose name begins with ${category}-.`;
  return warning('streamName', says, 'If that is not meant, set TARGET_STREAM to a name without a hyphen.');
}
