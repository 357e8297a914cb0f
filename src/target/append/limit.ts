import { Failure } from '../../core/failure.js';
import type { TargetEvent } from '../../core/record.js';
import { maxRequestBytes, proposedBytes } from './request.js';

/** Room in a request for what it says beside its events: stream name, correlation id, deadline. */
const headBytes = 2_048;
/** The longest stream name that leaves that room, in characters. */
const maxStreamLength = 1_024;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const zeroUuid = '00000000-0000-0000-0000-000000000000';

/** What an append holds, as {@link AppendLimit.measure} counts. */
export interface AppendSize {
  /** How many. */
  readonly events: number;
  readonly bytes: number;
  readonly maxBytes: number;
}

export function appendSize(events: readonly TargetEvent[]): AppendSize {
  let [bytes, maxBytes] = [0, 0];
  for (const event of events) {
    const counted = countedBytes(event);
    bytes += counted;
    if (counted > maxBytes) maxBytes = counted;
  }
  return { events: events.length, bytes, maxBytes };
}

/** Knows how much the server takes in one append, and decides which events may be sent at all. */
export class AppendLimit {
  private eventLimit = Infinity;
  /** The last type that was found good. The next event mostly has the same. */
  private goodType: string | undefined;

  constructor(private limit: number) {}

  /** One append has at most this many bytes, as {@link measure} counts. */
  get bytes(): number {
    return this.limit;
  }

  /** The server named a smaller limit. */
  lower(bytes: number): void {
    this.limit = Math.min(this.limit, bytes);
  }

  /** The server named a limit for one event. */
  lowerForEvents(bytes: number): void {
    this.eventLimit = Math.min(this.eventLimit, bytes);
  }

  /**
   * The bytes that an event counts for in an append: data, metadata and two bytes for each UTF-16 unit of the type.
   * Servers from 24.10 on count this way; earlier ones count the data alone.
   *
   * @throws Failure `Unconvertible` or `EventTooLarge` for an event that the server would refuse
   */
  measure(event: TargetEvent): number {
    const { id, type } = event;
    if (!uuid.test(id) || id === zeroUuid) throw unconvertible(event, `its id ${JSON.stringify(id)} is not a UUID`);
    if (type !== this.goodType) this.checkType(event);
    const counted = countedBytes(event);
    // guard: limit-of-an-event
    if (counted > this.eventLimit) throw tooLarge(event, counted, this.eventLimit, 'the limit of one event');
    // guard: limit-of-an-append
    if (counted > this.limit) throw tooLarge(event, counted, this.limit, 'the limit of one append');
    // Encoding adds little to a large event, so an event of less than half a message certainly fits.
    if (counted < maxRequestBytes / 2) return counted;
    const sent = proposedBytes(event);
    const room = maxRequestBytes - headBytes;
    // guard: limit-of-a-message
    if (sent > room) throw tooLarge(event, sent, room, 'the longest message that the server reads');
    return counted;
  }

  private checkType(event: TargetEvent): void {
    const { type } = event;
    if (type === '') throw unconvertible(event, 'its type is empty');
    if (type.startsWith('$')) throw unconvertible(event, `its type ${type} starts with $, which the server reserves`);
    if (!type.isWellFormed()) throw unconvertible(event, `its type ${JSON.stringify(type)} is not valid Unicode`);
    this.goodType = type;
  }
}

/** Refuses what EventStoreDB reserves for itself or cannot carry in an error. @throws Failure `SettingsInvalid` */
export function checkStreamName(stream: string): void {
  if (/^(?!\$)[\x20-\x7e]+$/.test(stream) && stream.length <= maxStreamLength) return;
  throw new Failure(
    'SettingsInvalid',
    `TARGET_STREAM cannot be ${JSON.stringify(stream)}: expected 1 to ${maxStreamLength} printable ASCII characters, the first not a $.`,
  );
}

/** The size of an event as the strictest server counts it, in bytes. */
function countedBytes({ data, metadata, type }: TargetEvent): number {
  return data.length + metadata.length + 2 * type.length;
}

/** An event that the server does not take. */
function tooLarge(event: TargetEvent, bytes: number, limit: number, which: string): Failure {
  const { position, index } = event.mark;
  return new Failure(
    'EventTooLarge',
    `Event ${index} of position ${position} (type ${event.type}) has ${bytes} bytes; ${which} is ${limit} bytes.`,
    { position, index, type: event.type, bytes, limit },
  );
}

function unconvertible(event: TargetEvent, why: string): Failure {
  const { position, index } = event.mark;
  return new Failure(
    'Unconvertible',
    `Event ${index} of position ${position} cannot be written to EventStoreDB: ${why}.`,
    { position, index, type: event.type },
  );
}
