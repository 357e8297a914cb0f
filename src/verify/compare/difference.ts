import { createHash, type Hash } from 'node:crypto';
import { firstNewline, formatBody } from '../../convert/body/jsvFormat.js';
import type { Mark } from '../../core/mark.js';
import { sha256, type TargetEvent } from '../../core/record.js';
import { shortName } from '../../core/text.js';
import type { StoredEvent } from '../../target/target.js';

/** What can be wrong with a target stream, given what the source holds. */
export type DifferenceKind =
  | 'missing'
  | 'doubled'
  | 'reordered'
  | 'foreign'
  | 'changed-id'
  | 'changed-type'
  | 'changed-content-type'
  | 'changed-data'
  | 'changed-mark'
  /** The event names another one as the event before it. */
  | 'chain'
  /** A message was set aside, and its blob is not what it must be. */
  | 'quarantine'
  /** The checkpoint row names an event as confirmed that the stream does not hold. */
  | 'checkpoint-ahead';

/** One thing that is wrong, and where. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** The record's position at the source and the event's index in it; absent for an event that is not ours. */
  readonly position?: number;
  readonly index?: number;
  /** The event's revision in the target stream; absent for one that is missing. */
  readonly revision?: number;
  readonly detail: string;
}

/** Counts of what was compared so far. */
export interface Compared {
  /** Events that the stream must hold. */
  readonly expected: number;
  /** Events that the stream holds. */
  readonly stored: number;
  /** Events that are on both sides, the same to the byte. */
  readonly equal: number;
  /** Equal events that were written under other settings than the present ones. */
  readonly underOtherSettings: number;
  /** Equal events that stand for a quarantined message. */
  readonly quarantined: number;
}

/** An event that the source makes, as it must be in the stream. */
export interface ExpectedEvent extends TargetEvent {
  /** Excluded by the present settings: the stream holds it only if it was written under other settings. */
  readonly excluded?: true;
  /** The body as the source stores it, if that is not `data`: formatting the target's body must give these bytes. */
  readonly body?: Uint8Array;
}

/** All differences between a stored event and the expected one; none when they are equal. */
export function changes(stored: StoredEvent, expected: ExpectedEvent): Difference[] {
  const found: Difference[] = [];
  const add = (kind: DifferenceKind, detail: string): void =>
    void found.push(difference(kind, expected.mark, stored, detail));
  // guard: verify-ids
  if (stored.id !== expected.id) add('changed-id', `id ${stored.id} in place of ${expected.id}`);
  // guard: verify-types
  if (stored.type !== expected.type)
    add('changed-type', `type ${shortName(stored.type)} in place of ${shortName(expected.type)}`);
  // guard: verify-content-types
  if (stored.contentType !== expected.contentType) {
    add('changed-content-type', `${stored.contentType} in place of ${expected.contentType}`);
  }
  const body = bodyOf(expected);
  const storedBody = storedBodyOf(stored, expected);
  if (!storedBody) add('changed-data', `formatting its ${stored.data.length} bytes does not give the source's body`);
  // guard: verify-bodies
  else if (!sameBytes(storedBody, body)) add('changed-data', firstDifference(storedBody, body));
  // guard: verify-marks
  if (!sameBytes(stored.metadata, expected.metadata)) {
    add('changed-mark', firstDifference(stored.metadata, expected.metadata));
  }
  return found;
}

/** True when an event was written at another position, in another way or under other settings than expected. */
export function differently(one: Mark, other: Mark): boolean {
  return (
    one.v !== other.v ||
    one.position !== other.position ||
    one.settings !== other.settings ||
    other.returnTo !== undefined ||
    one.quarantined !== other.quarantined ||
    one.keyCut !== other.keyCut
  );
}

/**
 * @param mark absent for an event that is not ours
 * @param stored absent for an event that is missing
 */
export function difference(
  kind: DifferenceKind,
  mark: Pick<Mark, 'position' | 'index'> | undefined,
  stored: Pick<StoredEvent, 'revision'> | undefined,
  detail: string,
): Difference {
  return {
    kind,
    ...(mark && { position: mark.position, index: mark.index }),
    ...(stored && { revision: stored.revision }),
    detail,
  };
}

/**
 * SHA-256 over the events in order: id, type, content type, body as the source stores it, metadata.
 * Two sides that hold the same have the same digest.
 */
export class EventsDigest {
  private readonly hash: Hash = createHash('sha256');

  expected(event: ExpectedEvent): void {
    this.add(event, bodyOf(event));
  }

  /** @param as the event that it stands for, when it is known */
  stored(event: StoredEvent, as: ExpectedEvent | undefined): void {
    this.add(event, (as && storedBodyOf(event, as)) ?? event.data);
  }

  /** Makes the digest differ although the event added last has the right bytes. */
  differ(): void {
    this.hash.update('different\n');
  }

  /** 64 hex digits, over everything so far. */
  get hex(): string {
    return this.hash.copy().digest('hex');
  }

  private add({ id, type, contentType, metadata }: Omit<StoredEvent, 'revision' | 'data'>, body: Uint8Array): void {
    this.hash.update(`${JSON.stringify([id, type, contentType, body.length, metadata.length])}\n`);
    this.hash.update(body).update(metadata);
  }
}

function bodyOf({ body, data }: ExpectedEvent): Uint8Array {
  return body ?? data;
}

/** What the target's bytes say the source's body is; undefined when formatting them gives a longer one. */
function storedBodyOf({ data }: StoredEvent, { body, mark }: ExpectedEvent): Uint8Array | undefined {
  if (!body) return data;
  const newline = mark.reformatted === true ? firstNewline(body) : mark.reformatted;
  return formatBody(data, newline ?? '\n', body.length);
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

function firstDifference(stored: Uint8Array, expected: Uint8Array): string {
  const differs = expected.findIndex((byte, index) => stored[index] !== byte);
  const where = differs < 0 ? Math.min(stored.length, expected.length) : differs;
  const bytes = `${stored.length} bytes (SHA-256 ${sha256(stored)}) in place of ${expected.length} (${sha256(expected)})`;
  return `${bytes}; the first that differs is byte ${where}`;
}
