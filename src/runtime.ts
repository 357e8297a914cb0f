import { setFlagsFromString } from 'node:v8';
import type { Config } from './config/config.js';
import { systemClock, type Clock } from './core/clock.js';
import type { Logger } from './core/logger.js';
import { eventStoreTarget } from './target/eventStoreTarget.js';
import type { Target } from './target/target.js';
import type { Sending } from './telemetry/openTelemetry.js';
import { notCounted, StorageCalls, type Counting } from './telemetry/storageCalls.js';
import type { Attributes, Telemetry } from './telemetry/telemetry.js';

/**
 * Keeps V8 from placing records and events among its long-lived objects. V8 does that for the rest of a run once many
 * of them survive its early collections. They are then freed by full collections only, and a backlog takes some 50 MB
 * more. (`--allocation-site-pretenuring`, https://v8.dev/blog/trash-talk.) Only code compiled afterwards is affected.
 */
setFlagsFromString('--no-allocation-site-pretenuring');

export interface RuntimeOptions {
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Where measurements go; absent: nowhere. The code that started it ends it. */
  readonly sending?: Sending | undefined;
}

/** What there is once in a process, however many sources it replicates. Contacts nothing by itself. */
export class Runtime {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly sending: Sending | undefined;
  private readonly calls: StorageCalls | undefined;

  constructor({ logger, clock = systemClock, sending }: RuntimeOptions) {
    this.logger = logger;
    this.clock = clock;
    this.sending = sending;
    this.calls = sending && new StorageCalls();
  }

  /** The measurements of one source; undefined when they go nowhere. */
  measuring(attributes: Attributes): Telemetry | undefined {
    return this.sending?.measuring(attributes);
  }

  /** Counts calls to storage for one source. */
  counting(telemetry: Telemetry | undefined): Counting {
    return telemetry && this.calls ? this.calls.countingFor(telemetry) : notCounted;
  }

  /** The server of one source. Each has connections of its own, so that one which hangs is closed alone. */
  connect(server: Config['target']): Target {
    return eventStoreTarget({ ...server, clock: this.clock, logger: this.logger });
  }

  /** Ends the counting of calls. Replicators are closed one by one. */
  close(): void {
    this.calls?.close();
  }
}
