import { Failure } from '../../core/failure.js';
import type { TargetEvent } from '../../core/record.js';
import { shortName } from '../../core/text.js';
import { type AppendSize, maxSentBytes } from '../target.js';
import { proposedBytes } from './request.js';

/** The longest stream name for which the head of a request has room, in characters. */
const maxStreamLength = 1_024;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const zeroUuid = '00000000-0000-0000-0000-000000000000';

/** Knows how much the server takes in one append, and decides which events may be sent at all. */
export class AppendLimit {
  private eventLimit = Infinity;
  /** The last type that was found good. The next event mostly has the same. */
  private goodType: string | undefined;

  constructor(private limit: number) {}

  /** One append has at most this many {@link AppendSize.bytes}. */
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
   * Servers from 24.10 on count data, metadata and type; earlier ones count the data alone.
   *
   * @throws Failure `Unconvertible` or `EventTooLarge` for an event that the server would refuse
   */
  measure(event: TargetEvent): AppendSize {
    const { id, type, data, metadata } = event;
    if (!uuid.test(id) || id === zeroUuid) throw unconvertible(event, `its id ${JSON.stringify(id)} is not a UUID`);
    if (type !== this.goodType) this.checkType(event);
    const bytes = data.length + metadata.length + 2 * type.length;
    // guard: limit-of-an-event
    if (bytes > this.eventLimit) throw tooLarge(event, bytes, this.eventLimit, 'the limit of one event');
    // guard: limit-of-an-append
    if (bytes > this.limit) throw tooLarge(event, bytes, this.limit, 'the limit of one append');
    const sentBytes = proposedBytes(event);
    // guard: limit-of-a-message
    if (sentBytes > maxSentBytes)
      throw tooLarge(event, sentBytes, maxSentBytes, 'the longest message that the server reads');
    return { bytes, maxBytes: bytes, sentBytes };
  }

  private checkType(event: TargetEvent): void {
    const { type } = event;
    const shown = shortName(type);
    if (type === '') throw unconvertible(event, 'its type is empty');
    if (type.startsWith('$')) throw unconvertible(event, `its type ${shown} starts with $, which the server reserves`);
    if (!type.isWellFormed()) throw unconvertible(event, `its type ${JSON.stringify(shown)} is not valid Unicode`);
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

/** An event that the server does not take. */
function tooLarge(event: TargetEvent, bytes: number, limit: number, which: string): Failure {
  const { position, index } = event.mark;
  const type = shortName(event.type);
  return new Failure(
    'EventTooLarge',
    `Event ${index} of position ${position} (type ${type}) has ${bytes} bytes; ${which} is ${limit} bytes.`,
    { position, index, type, bytes, limit },
  );
}

function unconvertible(event: TargetEvent, why: string): Failure {
  const { position, index } = event.mark;
  return new Failure(
    'Unconvertible',
    `Event ${index} of position ${position} cannot be written to EventStoreDB: ${why}.`,
    { position, index, type: shortName(event.type) },
  );
}
