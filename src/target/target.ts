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
   * The bytes that the event counts for in an append, as the strictest server counts.
   *
   * @throws Failure `EventTooLarge` or `Unconvertible` for an event that the server would refuse. A refused event can
   * end the whole call, so it is never sent.
   */
  measure(event: TargetEvent): number;

  /** An append has at most this many bytes, as {@link measure} counts. Falls when the server names a smaller limit. */
  readonly appendBytes: number;

  /** Opens a call for appends to one stream. */
  open(stream: string): AppendCall;

  /** Closes every connection; nothing keeps the process alive afterwards. Never throws. */
  close(): Promise<void>;
}

/**
 * One call that carries appends in order. It fails as a whole: after the first failure, every append in flight and
 * every later one is rejected, and whether the server stored them is unknown.
 */
export interface AppendCall {
  /**
   * Sends one append of whole, already measured events and resolves when the server has acknowledged it. Appends
   * leave in the order of the calls; several may be in flight.
   *
   * @param expected the stream's last revision before this append, {@link noStream} for a new stream
   * @returns the stream's last revision, always `expected + events.length`
   * @throws Failure `WrongExpectedRevision`, `AppendUncertain` (lost call, deadline), `AppendTooLarge`,
   * `TargetTruncated` (a success without a position), or another Target* kind
   */
  append(events: readonly TargetEvent[], expected: number): Promise<number>;

  /** Resolves when the call can take another request without buffering it (flow control). */
  writable(): Promise<void>;

  /** Gives the call up; what is in flight is rejected. Never throws. */
  close(): void;
}
