import type { Clock } from '../../core/clock.js';
import { Failure } from '../../core/failure.js';
import type { Page, PageQuery } from './page.js';
import type { Retention, StoredEvent, Tail } from '../target.js';

/** Reads one page, whatever connection that takes. */
export type ReadPage = (query: PageQuery, signal: AbortSignal) => Promise<Page>;

/** A stream that was just written again after a soft delete may be "not found" for some milliseconds. */
const lookAgainMs = 1_000;
/** The `$tb` that a soft delete sets. */
const softDeleted = '9223372036854775807';

/**
 * What the end of a stream looks like. Before anything is said of a stream without a readable event, it is looked at
 * twice, because both verdicts weigh: `absent` starts from the beginning, `truncated` stops for a person.
 *
 * @throws Failure of a Target* kind, or the signal's reason
 */
export async function readTail(readPage: ReadPage, stream: string, clock: Clock, signal: AbortSignal): Promise<Tail> {
  const first = await look(readPage, stream, signal);
  // guard: second-look-at-an-absent-stream
  // guard: second-look-at-a-truncated-stream
  if (first.kind === 'event' || first.kind === 'tombstoned') return first;
  await clock.sleep(lookAgainMs, signal);
  signal.throwIfAborted();
  return look(readPage, stream, signal);
}

async function look(readPage: ReadPage, stream: string, signal: AbortSignal): Promise<Tail> {
  const [page, metadata] = await Promise.all([
    readPage(lastOf(stream), signal),
    readMetadata(readPage, stream, signal),
  ]);
  if (page.kind === 'tombstoned') return { kind: 'tombstoned' };
  const event = page.kind === 'events' ? page.events[0] : undefined;
  const retention = metadata.kind === 'found' ? retentionOf(metadata.event) : undefined;
  if (event !== undefined) return { kind: 'event', event, ...(retention && { retention }) };
  // guard: right-to-read-the-metadata
  if (metadata.kind === 'denied') throw metadata.failure;
  // guard: soft-deleted-stream
  if (retention?.truncateBefore === softDeleted) {
    return { kind: 'truncated', reason: `stream ${stream} was soft-deleted` };
  }
  // guard: hidden-events
  if (page.kind === 'events') {
    return { kind: 'truncated', reason: `every event of stream ${stream} is hidden ${because(retention)}` };
  }
  // guard: metadata-without-events
  if (metadata.kind === 'found') {
    return { kind: 'truncated', reason: `stream ${stream} has no event, but its metadata stream $$${stream} exists` };
  }
  return { kind: 'absent' };
}

type Metadata =
  | { readonly kind: 'none' }
  | { readonly kind: 'found'; readonly event: StoredEvent }
  /** Reading a metadata stream is a right of its own. */
  | { readonly kind: 'denied'; readonly failure: Failure };

async function readMetadata(readPage: ReadPage, stream: string, signal: AbortSignal): Promise<Metadata> {
  try {
    const page = await readPage(lastOf(`$$${stream}`), signal);
    const event = page.kind === 'events' ? page.events[0] : undefined;
    return event === undefined ? { kind: 'none' } : { kind: 'found', event };
  } catch (error) {
    if (error instanceof Failure && error.kind === 'TargetAccessDenied') return { kind: 'denied', failure: error };
    throw error;
  }
}

function lastOf(stream: string): PageQuery {
  return { stream, from: 'end', direction: 'backwards', count: 1 };
}

/** The parts of stream metadata that hide or remove events; undefined when there are none. */
function retentionOf({ data }: StoredEvent): Retention | undefined {
  const text = Buffer.from(data).toString();
  const maxCount = wholeNumber(text, '$maxCount');
  const maxAge = wholeNumber(text, '$maxAge');
  const truncateBefore = wholeNumber(text, '$tb');
  if (maxCount === undefined && maxAge === undefined && truncateBefore === undefined) return undefined;
  return {
    ...(maxCount !== undefined && { maxCount: Number(maxCount) }),
    ...(maxAge !== undefined && { maxAgeSeconds: Number(maxAge) }),
    ...(truncateBefore !== undefined && { truncateBefore }),
  };
}

/** The digits as written: a soft delete's number is above what a JavaScript number can hold. */
function wholeNumber(json: string, key: string): string | undefined {
  let value: unknown;
  try {
    value = (JSON.parse(json) as Record<string, unknown> | null)?.[key];
  } catch {
    return undefined;
  }
  if (typeof value !== 'number') return undefined;
  if (Number.isSafeInteger(value)) return String(value);
  return new RegExp(`"\\${key}"\\s*:\\s*(\\d+)`).exec(json)?.[1];
}

function because(retention: Retention | undefined): string {
  if (retention === undefined) return 'by its metadata';
  const { maxCount, maxAgeSeconds, truncateBefore } = retention;
  const reasons = [
    truncateBefore === undefined ? [] : [`$tb is ${truncateBefore}`],
    maxCount === undefined ? [] : [`$maxCount is ${maxCount}`],
    maxAgeSeconds === undefined ? [] : [`$maxAge is ${maxAgeSeconds}`],
  ].flat();
  return `by its metadata (${reasons.join(', ')})`;
}
