import type { Clock } from '../../src/core/clock.js';
import type { EventStore } from './store/eventStore.js';
import type { Faults } from './faults.js';

/** The running node: what its services share. */
export interface Node {
  readonly store: EventStore;
  readonly faults: Faults;
  /** The clock for time limits. */
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly limits: NodeLimits;
  readonly user: { name: string; password: string } | undefined;
  /** The address at which clients reach it. */
  readonly address: { host: string; port: number };
  /** One function for each open BatchAppend call; it ends the call. */
  readonly batchAppendCalls: Set<() => void>;
}

export interface NodeLimits {
  /** The limit of one append, in bytes. */
  readonly maxAppendBytes: number;
  /** The limit of one event, in bytes; undefined when the server has none. */
  readonly maxEventBytes: number | undefined;
  /** Whether metadata and type names count against the limits. */
  readonly countsMetadata: boolean;
  readonly writeTimeoutMs: number;
}
