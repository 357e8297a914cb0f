import type { FailureNote, OutageNote, StopNote } from '../checkpoint/checkpoint.js';
import type { CheckpointKeeper, RunPatch } from '../checkpoint/checkpointKeeper.js';
import type { Clock } from '../clock.js';
import { Failure, type FailureKind, type StopKind } from '../errors.js';
import type { Logger } from '../telemetry/logger.js';
import { noTelemetry, type Telemetry } from '../telemetry/telemetry.js';

/** What a failure tells people. */
export function failureNote<K extends FailureKind>(failure: Failure & { readonly kind: K }): FailureNote & { kind: K } {
  return { kind: failure.kind, message: failure.message, wayOut: failure.wayOut, facts: failure.facts };
}

/**
 * Tells people once: when an outage begins and when it ends, and once per cause of a stop, across runs and processes.
 * A notification is claimed in the checkpoint row, then sent (one log line at error level), then marked sent; so it is
 * sent once, or twice when a process dies in between. Without the table it is once per process.
 */
export class OutageNotices {
  private outageTold = false;
  private stopTold: string | undefined;

  constructor(
    private readonly checkpoint: CheckpointKeeper,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly telemetry: Telemetry = noTelemetry,
  ) {}

  /** A pass failed. Tells people if it is the first failure of this outage. */
  async failed(failure: Failure): Promise<void> {
    this.telemetry.set('eventferry.outage', 1);
    const before = this.checkpoint.row?.run?.outage;
    const ongoing = before?.endedAt === undefined ? before : undefined;
    const told = this.outageTold || ongoing?.notification === 'sent';
    const outage: OutageNote = {
      since: ongoing?.since ?? this.now(),
      tries: (ongoing?.tries ?? 0) + 1,
      failure: failureNote(failure),
      notification: told ? 'sent' : 'claimed',
    };
    await this.remember({ outage, lastError: { ...failureNote(failure), at: this.now() } });
    this.outageTold = true;
    if (told) {
      this.logger.warn('outage-goes-on', { ...this.facts(failure), since: outage.since, tries: outage.tries });
      return;
    }
    this.logger.error('outage-began', this.facts(failure));
    await this.remember({ outage: { ...outage, notification: 'sent' } });
  }

  /** A pass was good: an outage is over, and a stop that was found before is gone. */
  async good(): Promise<void> {
    this.telemetry.set('eventferry.outage', 0);
    this.telemetry.set('eventferry.stopped', 0);
    await this.endOutage();
    if (this.checkpoint.row?.run?.stop === undefined && this.stopTold === undefined) return;
    this.stopTold = undefined;
    this.logger.info('stop-cleared');
    await this.remember({ stop: undefined });
  }

  /** A person must decide. Tells people if this cause has not been told yet. */
  async stopped(failure: Failure & { readonly kind: StopKind }): Promise<void> {
    this.telemetry.set('eventferry.outage', 0);
    this.telemetry.set('eventferry.stopped', 1);
    await this.endOutage();
    const cause = `${failure.kind}: ${failure.message}`;
    const before = this.checkpoint.row?.run?.stop;
    const same = before !== undefined && `${before.failure.kind}: ${before.failure.message}` === cause;
    const told = this.stopTold === cause || (same && before.notification === 'sent');
    const stop: StopNote = {
      since: same ? before.since : this.now(),
      failure: failureNote(failure),
      notification: told ? 'sent' : 'claimed',
    };
    this.stopTold = cause;
    await this.remember({ stop, lastError: { ...failureNote(failure), at: this.now() } });
    if (told) {
      this.logger.warn('still-stopped', { ...this.facts(failure), since: stop.since });
      return;
    }
    this.logger.error('stopped', this.facts(failure));
    await this.remember({ stop: { ...stop, notification: 'sent' } });
  }

  private async endOutage(): Promise<void> {
    const outage = this.checkpoint.row?.run?.outage;
    if (outage === undefined && !this.outageTold) return;
    this.outageTold = false;
    const endedAt = this.now();
    if (outage) await this.remember({ outage: { ...outage, endedAt, notification: 'claimed' } });
    this.logger.error('outage-ended', { since: outage?.since, tries: outage?.tries, endedAt });
    await this.remember({ outage: undefined });
  }

  /** Telling people must not depend on the table: it may be what is down. */
  private async remember(note: RunPatch): Promise<void> {
    this.checkpoint.note(note);
    try {
      await this.checkpoint.save();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.logger.warn('checkpoint-not-saved', { kind: error.kind, message: error.message });
    }
  }

  private facts(failure: Failure): Record<string, unknown> {
    const { kind, message, wayOut, facts } = failure;
    // Only a defect needs the place in the code; what cannot be reached has no interesting one.
    const stack = kind === 'Unexpected' && failure.cause instanceof Error ? failure.cause.stack : undefined;
    return { kind, message, wayOut, ...facts, ...(stack !== undefined && { stack }) };
  }

  private now(): string {
    return new Date(this.clock.now()).toISOString();
  }
}
