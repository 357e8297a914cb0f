import type { Clock } from '../../src/core/clock.js';
import type { EventStore } from './eventStore.js';
import type { Faults } from './faults.js';

/** The running node, as its services see it. */
export interface Node {
  readonly store: EventStore;
  readonly faults: Faults;
  /** What time limits go by. */
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly limits: NodeLimits;
  readonly user: { name: string; password: string } | undefined;
  /** Where clients reach it. */
  readonly address: { host: string; port: number };
  /** Open BatchAppend calls, by the function that ends each. */
  readonly batchAppendCalls: Set<() => void>;
}

export interface NodeLimits {
  /** Bytes of one append. */
  readonly maxAppendBytes: number;
  /** Bytes of one event, where the server has such a limit. */
  readonly maxEventBytes: number | undefined;
  /** Whether metadata and type names count too. */
  readonly countsMetadata: boolean;
  readonly writeTimeoutMs: number;
}
