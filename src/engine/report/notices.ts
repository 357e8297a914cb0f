import type { CheckpointKeeper } from '../../checkpoint/keeper.js';
import { systemClock, type Clock } from '../../core/clock.js';
import { Failure, type StopKind } from '../../core/failure.js';
import type { Logger } from '../../core/logger.js';
import { settledWithin } from '../../core/time.js';
import type { Heartbeat } from '../../notify/heartbeat.js';
import type { Webhook } from '../../notify/webhook.js';
import type { Telemetry } from '../../telemetry/telemetry.js';
import { reconcile, type Happening, type Known, type Noted, type Step, type Told } from './incidents.js';

/** Where people are told beside the log. */
export interface Channels {
  readonly webhook?: Webhook;
  readonly heartbeat?: Heartbeat;
}

/** The engine's parts that it takes to tell people. */
export interface NoticeParts {
  readonly checkpoint: CheckpointKeeper;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** The source's id, as marks name it. */
  readonly sourceId: string;
  /** The target stream. */
  readonly stream: string;
}

/** When a process ends, the last beat gets so long to arrive. */
const lastBeatMs = 1_000;
/** So often a happening is reconciled because someone else wrote the row in between. */
const maxTries = 3;

/**
 * Tells people what {@link reconcile} decides, and keeps the checkpoint row up to date with it. A process has one of
 * these for all of its runs. Replication waits for no channel; the end of a run may wait a little, by the machine's own
 * clock, since it is the world outside that is waited for.
 */
export class IncidentNotices {
  private known: Known = {};

  constructor(
    private readonly parts: NoticeParts,
    private readonly channels: Channels = {},
  ) {}

  /** Something was confirmed. */
  alive(): void {
    this.channels.heartbeat?.alive();
  }

  /** A run is over, and was good. */
  goodRun(): void {
    this.channels.heartbeat?.beat();
  }

  async failed(failure: Failure): Promise<void> {
    this.parts.telemetry.set('eventferry.outage', 1);
    await this.take({ kind: 'failed', failure });
  }

  /** A run hangs, perhaps at the table: the same, but waits no longer than this. Never throws. */
  async hangs(failure: Failure, withinMs: number): Promise<void> {
    const told = this.failed(failure).then(() => this.settled(withinMs));
    await settledWithin(told, withinMs, systemClock);
  }

  /** A pass was good: an outage is over, and a stop that was found before is gone. @throws Failure `CheckpointMoved` */
  async good(): Promise<void> {
    this.parts.telemetry.set('eventferry.outage', 0);
    this.parts.telemetry.set('eventferry.stopped', 0);
    this.alive();
    await this.take({ kind: 'good' }, 'throw');
  }

  async stopped(failure: Failure & { readonly kind: StopKind }): Promise<void> {
    this.parts.telemetry.set('eventferry.outage', 0);
    this.parts.telemetry.set('eventferry.stopped', 1);
    await this.take({ kind: 'stopped', failure });
  }

  /** Waits until all notices have arrived, no longer than this, and notes in the row which have. Throws no failure. */
  async settled(withinMs: number): Promise<void> {
    if (this.channels.webhook) await settledWithin(this.channels.webhook.settled(), withinMs, systemClock);
    await this.take({ kind: 'sent' });
  }

  /** Gives up what is on its way, after a short while. Never throws. */
  async close(): Promise<void> {
    const { webhook, heartbeat } = this.channels;
    webhook?.close();
    if (heartbeat) await settledWithin(heartbeat.settled(), lastBeatMs, systemClock);
    heartbeat?.close();
  }

  /** @param whenMoved what to do when someone else wrote the row: read it again, or leave that to the run */
  private async take(happening: Happening, whenMoved: 'again' | 'throw' = 'again'): Promise<void> {
    const { known, send, again } = await this.reconciled(happening, whenMoved);
    this.known = known;
    for (const { level, event, facts, told } of send) {
      this.parts.logger[level](event, facts);
      if (told) this.send(told);
    }
    if (again) await this.take(happening, whenMoved);
    else if (happening.kind !== 'sent') await this.take({ kind: 'sent' }, whenMoved);
  }

  /** Saves the row too, if it can: telling people must not depend on the table, which may be what is down. */
  private async reconciled(happening: Happening, whenMoved: 'again' | 'throw'): Promise<Step> {
    const { checkpoint, clock, logger } = this.parts;
    for (let tries = 1; ; tries += 1) {
      const before: Noted | undefined = checkpoint.row?.run;
      const step = reconcile(before, this.known, happening, clock.now());
      const { outage, stop, lastError } = step.row;
      if (outage === before?.outage && stop === before?.stop) return step;
      checkpoint.patchRun({ outage, stop, lastError });
      const wasRead = checkpoint.row !== undefined; // else the row does not hold the patch, and nothing is known of it
      try {
        await checkpoint.save();
        if (step.holds) step.holds.noted = true;
        return step;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (error.kind === 'CheckpointMoved' && wasRead) {
          if (whenMoved === 'throw') throw error;
          if (tries < maxTries && (await this.readAgain())) continue;
        }
        logger.warn('checkpoint-not-saved', { kind: error.kind, message: error.message });
        return step;
      }
    }
  }

  private readAgain(): Promise<boolean> {
    return this.parts.checkpoint.load().then(
      () => true,
      () => false,
    );
  }

  private send(told: Told): void {
    const { sourceId: source, stream } = this.parts;
    const sending = this.channels.webhook?.tell({ ...told.notice, source, stream });
    if (sending) void sending.then((sent) => (told.sent = sent));
    else told.sent = true;
  }
}
