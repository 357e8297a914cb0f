import type { SetAside } from '../core/record.js';

/** A quarantined message, as a listing shows it. */
export interface Kept {
  /** The blob's name. */
  readonly name: string;
  readonly position: number;
  readonly index: number;
  /** Kind of failure and sentence, shortened. */
  readonly kind: string;
  readonly reason: string;
  /** Of the body. */
  readonly bytes: number;
}

/** Keeps messages that could not become events, whole, each under a name of its own. */
export interface Quarantine {
  readonly container: string;
  /**
   * Keeps a message; creates the container if it is missing. Keeping the same message again changes nothing.
   *
   * @throws Failure `QuarantineUnreachable`
   */
  keep(message: SetAside, signal: AbortSignal): Promise<void>;
  /** The source's messages, in the order of positions. @throws Failure `QuarantineUnreachable` */
  list(signal: AbortSignal): AsyncIterable<Kept>;
  /** A message by its blob's name; undefined when there is none. @throws Failure `QuarantineUnreachable` */
  read(name: string, signal: AbortSignal): Promise<SetAside | undefined>;
}
