import type { SetAside } from '../core/record.js';

/** A message that is kept, as a listing shows it. */
export interface Kept {
  /** The blob's name. */
  readonly name: string;
  readonly position: number;
  readonly index: number;
  /** Kind of failure and sentence; shortened. */
  readonly kind: string;
  readonly reason: string;
  /** Of the body. */
  readonly bytes: number;
}

/** Where messages are kept that could not become events, whole, each under a name of its own. */
export interface Quarantine {
  readonly container: string;
  /**
   * Keeps a message; the container is made if it is not there. To keep the same one again changes nothing.
   *
   * @throws Failure `QuarantineUnreachable`
   */
  keep(message: SetAside, signal: AbortSignal): Promise<void>;
  /** What is kept of the source, in the order of positions. @throws Failure `QuarantineUnreachable` */
  list(signal: AbortSignal): AsyncIterable<Kept>;
  /** A message by its blob's name; undefined when there is none. @throws Failure `QuarantineUnreachable` */
  read(name: string, signal: AbortSignal): Promise<SetAside | undefined>;
}
