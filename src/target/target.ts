import type { TargetEvent } from '../core/record.js';

/** An event as the target stores it. */
export interface StoredEvent {
  readonly id: string;
  /** 0-based; a checked safe integer. */
  readonly revision: number;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

/** What the end of a target stream looks like. */
export type Tail =
  /** Neither the stream nor its metadata stream exists (read twice, 1 s apart). */
  | { readonly kind: 'absent' }
  /** No event can be read, yet the stream exists or existed: it is soft-deleted, or its metadata hides every event. */
  | { readonly kind: 'truncated'; readonly reason: string }
  | { readonly kind: 'tombstoned' }
  | { readonly kind: 'event'; readonly event: StoredEvent; readonly retention?: Retention };

/** Stream metadata under which the server hides or removes events. */
export interface Retention {
  readonly maxCount?: number;
  readonly maxAgeSeconds?: number;
  readonly truncateBefore?: string;
}

/** The revision before the first event: an append that expects it asks for a stream that does not exist. */
export const noStream = -1;

/** How many bytes events take in an append. */
export interface AppendSize {
  /** As the strictest server counts: data, metadata, and two bytes for each UTF-16 unit of the type. */
  readonly bytes: number;
  /** The same, of the largest event. */
  readonly maxBytes: number;
  /** In the request that carries them. */
  readonly sentBytes: number;
}

/** The size of no events. */
export const noBytes: AppendSize = { bytes: 0, maxBytes: 0, sentBytes: 0 };

/** The size of events of these sizes together. */
export function sumOf(one: AppendSize, other: AppendSize): AppendSize {
  return {
    bytes: one.bytes + other.bytes,
    maxBytes: Math.max(one.maxBytes, other.maxBytes),
    sentBytes: one.sentBytes + other.sentBytes,
  };
}

/** The events of one append, and the sum of their sizes. */
export interface MeasuredEvents {
  readonly events: readonly TargetEvent[];
  readonly size: AppendSize;
}

/**
 * An append has at most this many {@link AppendSize.sentBytes}: the server reads no longer message (16,767,216 bytes, of
 * which 2,048 are for the head) and would end the whole call.
 */
export const maxSentBytes = 16_765_168;

/** Where the events go: an EventStoreDB server. */
export interface Target {
  /** Reads the end of a stream from the leader, links not resolved. @throws Failure of a Target* kind (outage). */
  tail(stream: string, signal: AbortSignal): Promise<Tail>;

  /** Events from a revision on, in order; none when the stream is missing. */
  read(
    stream: string,
    from: { readonly revision: number; readonly direction: 'forwards' | 'backwards'; readonly count?: number },
    signal: AbortSignal,
  ): AsyncIterable<StoredEvent>;

  /**
   * The size of one event: the only place where its bytes are counted.
   *
   * @throws Failure `EventTooLarge` or `Unconvertible` for an event that the server would refuse. A refused event can
   * end the whole call, so it is never sent.
   */
  measure(event: TargetEvent): AppendSize;

  /** An append has at most this many {@link AppendSize.bytes}. Falls when the server names a smaller limit. */
  readonly appendBytes: number;

  /** A call for appends. Connects when it is first used. */
  open(): AppendCall;

  /** Closes every connection; nothing keeps the process alive afterwards. Never throws. */
  close(): Promise<void>;
}

/**
 * One call that carries appends in order. It fails as a whole: after the first failure, every append in flight and
 * every later one is rejected, and whether the server stored them is unknown.
 */
export interface AppendCall {
  /**
   * Sends one append and resolves when the server has acknowledged it. Appends leave in the order of the calls;
   * several may be in flight.
   *
   * @param measured their sizes are believed, and keep to the target's limits
   * @param expected the stream's last revision before this append, {@link noStream} for a new stream
   * @returns the stream's last revision, always `expected + events.length`
   * @throws Failure `WrongExpectedRevision`, `AppendUncertain` (lost call, deadline), `AppendTooLarge`,
   * `TargetTruncated` (a success without a position), `SettingsInvalid` (no name for a stream), or another Target* kind
   */
  append(stream: string, measured: MeasuredEvents, expected: number): Promise<number>;

  /** Resolves when the call can take another request without buffering it (flow control). */
  writable(): Promise<void>;

  /** Gives the call up; what is in flight is rejected. Never throws. */
  close(): void;
}
