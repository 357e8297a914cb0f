import type { FailureNote, OutageNote, RunNote, StopNote } from '../../checkpoint/row.js';
import type { CheckpointKeeper, RunPatch } from '../../checkpoint/keeper.js';
import { systemClock, type Clock } from '../../core/clock.js';
import { Failure, type FailureKind, type StopKind } from '../../core/failure.js';
import type { Heartbeat } from '../../notify/heartbeat.js';
import type { Notice } from '../../notify/notice.js';
import type { Webhook } from '../../notify/webhook.js';
import { settledWithin } from '../../core/time.js';
import type { Logger } from '../../core/logger.js';
import type { Telemetry } from '../../telemetry/telemetry.js';

/** What a failure tells people. */
export function failureNote<K extends FailureKind>(failure: Failure & { readonly kind: K }): FailureNote & { kind: K } {
  return { kind: failure.kind, message: failure.message, remedy: failure.remedy, facts: failure.facts };
}

/** Where people are told beside the log. */
export interface Channels {
  readonly webhook?: Webhook;
  readonly heartbeat?: Heartbeat;
}

/** What of the engine's parts is needed to tell people. */
interface IncidentParts {
  readonly checkpoint: CheckpointKeeper;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly sourceId: string;
  readonly stream: string;
}

/** Something that this process has told. */
interface Told {
  /** Which one: since when, or its cause. */
  readonly what: string;
  readonly at: string;
  readonly failure?: FailureNote | undefined;
  /** True once the row said that it is being told. */
  stored: boolean;
  /** True once it was sent everywhere, or was given up. */
  sent: boolean;
}

/** A claim in the row this old is nobody's any more: whoever made it would have sent it, or given up, by then. */
const claimHoldsMs = 50_000;
/** When a process ends, the last beat gets so long to arrive. */
const lastBeatMs = 1_000;
/** So often the row is read again because someone else wrote it in between. */
const maxTries = 3;

/**
 * Tells people once: when an outage begins and when it ends, and once per cause of a stop, across runs and processes.
 * A notification is claimed in the checkpoint row, then sent (one log line at error level, and to the webhook), then
 * marked sent; so it is sent once, or twice when a process dies in between. Without the table it is once per process:
 * there is one of these in a process, for all of its runs. Replication waits for no channel; where the end of a run waits
 * for one it is by the machine's own clock, since it is the world outside that is waited for.
 */
export class IncidentNotices {
  private began: Told | undefined;
  private ended: Told | undefined;
  private stop: Told | undefined;

  constructor(
    private readonly parts: IncidentParts,
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

  /** A pass failed. Tells people if it is the first failure of this outage. */
  async failed(failure: Failure): Promise<void> {
    this.parts.telemetry.set('eventferry.outage', 1);
    if (this.parts.checkpoint.row?.run?.outage?.endedAt !== undefined) await this.endOutage('again', undefined);
    const at = this.now();
    const found = { since: at, tries: 1, mine: false };
    const stored = await this.change((run) => {
      const before = run?.outage?.endedAt === undefined ? run?.outage : undefined;
      if (this.began?.stored && run && before?.since !== this.began.what) this.began = undefined; // ended elsewhere
      found.since = before?.since ?? this.began?.what ?? at;
      found.tries = (before?.tries ?? 0) + 1;
      // guard: outage-told-once
      found.mine = !this.began && !(before && this.isTold(before, before.since));
      const notification = found.mine ? 'claimed' : this.notification(this.began, before);
      const { since, tries } = found;
      const outage: OutageNote = { since, tries, failure: failureNote(failure), notification };
      return { outage, lastError: { ...failureNote(failure), at } };
    });
    const { since, tries, mine } = found;
    if (!mine) {
      if (this.began && stored) this.began.stored = true;
      this.parts.logger.warn('outage-goes-on', { ...this.facts(failure), since, tries });
      return;
    }
    this.began = { what: since, at, failure: failureNote(failure), stored, sent: false };
    this.parts.logger.error('outage-began', this.facts(failure));
    this.send(this.began, { event: 'outage-began', at, failure });
    await this.mark('again');
  }

  /** The same for a run that hangs, perhaps at the table: waits no longer than this. Never throws. */
  async hangs(failure: Failure, withinMs: number): Promise<void> {
    const told = this.failed(failure).then(() => this.settled(withinMs));
    await settledWithin(told, withinMs, systemClock);
  }

  /** A pass was good: an outage is over, and a stop that was found before is gone. @throws Failure `CheckpointMoved` */
  async good(): Promise<void> {
    this.parts.telemetry.set('eventferry.outage', 0);
    this.parts.telemetry.set('eventferry.stopped', 0);
    this.alive();
    await this.endOutage('throw', this.began);
    this.began = undefined;
    if (this.parts.checkpoint.row?.run?.stop !== undefined || this.stop !== undefined) {
      await this.change((run) => (run?.stop ? { stop: undefined } : undefined), 'throw');
      this.stop = undefined;
      this.parts.logger.info('stop-cleared');
    }
    await this.mark('throw');
  }

  /** A person must decide. Tells people if this cause has not been told yet. */
  async stopped(failure: Failure & { readonly kind: StopKind }): Promise<void> {
    this.parts.telemetry.set('eventferry.outage', 0);
    this.parts.telemetry.set('eventferry.stopped', 1);
    await this.endOutage('again', this.began);
    this.began = undefined;
    const at = this.now();
    const cause = causeOf(failure);
    if (this.stop?.what !== cause) this.stop = undefined;
    const found = { since: at, mine: false };
    const stored = await this.change((run) => {
      const before = run?.stop && causeOf(run.stop.failure) === cause ? run.stop : undefined;
      if (this.stop?.stored && run && !before) this.stop = undefined; // it was gone for a while
      found.since = before?.since ?? at;
      // guard: stop-told-once
      found.mine = !this.stop && !(before && this.isTold(before, before.since));
      const notification = found.mine ? 'claimed' : this.notification(this.stop, before);
      const stop: StopNote = { since: found.since, failure: failureNote(failure), notification };
      return { stop, lastError: { ...failureNote(failure), at } };
    });
    const { since, mine } = found;
    if (!mine) {
      if (this.stop && stored) this.stop.stored = true;
      this.parts.logger.warn('still-stopped', { ...this.facts(failure), since });
      return;
    }
    this.stop = { what: cause, at, stored, sent: false };
    this.parts.logger.error('stopped', this.facts(failure));
    this.send(this.stop, { event: 'stopped', at, failure });
    await this.mark('again');
  }

  /**
   * Waits until nothing is on its way to the webhook any more, no longer than this, and says in the row what has
   * arrived. Never throws a failure.
   */
  async settled(withinMs: number): Promise<void> {
    if (this.channels.webhook) await settledWithin(this.channels.webhook.settled(), withinMs, systemClock);
    await this.mark('again');
  }

  /** Gives up what is on its way, after a short while. Never throws. */
  async close(): Promise<void> {
    const { webhook, heartbeat } = this.channels;
    webhook?.close();
    if (heartbeat) await settledWithin(heartbeat.settled(), lastBeatMs, systemClock);
    heartbeat?.close();
  }

  /** @param began the outage that this process knows to be over */
  private async endOutage(whenMoved: 'again' | 'throw', began: Told | undefined): Promise<void> {
    const at = this.now();
    const found: { over?: OutageNote | undefined; mine: boolean } = { mine: false };
    const stored = await this.change((run) => {
      const over = run?.outage;
      // One that began when the row could not be written: only this process knows of it.
      const isUnknown = began !== undefined && !began.stored && began.what !== over?.since;
      const told = over !== undefined && over.since === this.ended?.what ? this.ended : undefined;
      const isAnyones = over !== undefined && (over.endedAt === undefined || !this.isTold(over, over.endedAt));
      found.mine = isUnknown || (isAnyones && !told);
      found.over = isAnyones && !told ? over : undefined;
      if (over && told && (told.sent || isUnknown)) return { outage: undefined };
      if (!isAnyones) return undefined;
      return { outage: { ...over, endedAt: told?.at ?? at, notification: 'claimed' } };
    }, whenMoved);
    const { over, mine } = found;
    if (!mine) return;
    const since = over?.since ?? began?.what ?? at;
    const failure = over?.failure ?? began?.failure;
    this.ended = { what: since, at, stored, sent: false };
    this.parts.logger.error('outage-ended', { since, tries: over?.tries, endedAt: at });
    const endedAt = over?.endedAt ?? at;
    this.send(this.ended, { event: 'outage-ended', at: endedAt, since, ...(failure && { failure }) });
  }

  private send(told: Told, { failure, ...what }: Omit<Notice, 'source' | 'stream'>): void {
    const { sourceId: source, stream } = this.parts;
    const cause = failure && { kind: failure.kind, message: failure.message, remedy: failure.remedy };
    const sending = this.channels.webhook?.tell({ ...what, source, stream, ...(cause && { failure: cause }) });
    if (sending) void sending.then((sent) => (told.sent = sent));
    else told.sent = true;
  }

  /** Says in the row what has been sent since it was claimed there. */
  private async mark(whenMoved: 'again' | 'throw'): Promise<void> {
    await this.change((run) => {
      const { outage, stop } = run ?? {};
      const { began, ended, stop: told } = this;
      const isOver = outage?.endedAt !== undefined && ended?.sent && ended.what === outage.since;
      const isBegun = outage?.endedAt === undefined && began?.sent && outage?.notification === 'claimed';
      const isStopped = stop && told?.sent && stop.notification === 'claimed' && causeOf(stop.failure) === told.what;
      if (!isOver && !isBegun && !isStopped) return undefined;
      return {
        ...(isOver && { outage: undefined }),
        ...(isBegun && outage && { outage: { ...outage, notification: 'sent' as const } }),
        ...(isStopped && { stop: { ...stop, notification: 'sent' as const } }),
      };
    }, whenMoved);
  }

  /** What the row says of something that was told before. */
  private notification(told: Told | undefined, before: { readonly notification: 'claimed' | 'sent' } | undefined) {
    if (told) return told.sent ? 'sent' : 'claimed';
    return before?.notification ?? 'claimed';
  }

  /** Whether a process has told this, or is about to. */
  private isTold({ notification }: { readonly notification: 'claimed' | 'sent' }, since: string): boolean {
    // guard: claimed-before-it-is-sent
    // guard: claim-holds-for-a-while
    return notification === 'sent' || this.parts.clock.now() - Date.parse(since) < claimHoldsMs;
  }

  /**
   * Changes the note by what it says, and again when someone else wrote the row in between. Telling people must not
   * depend on the table: it may be what is down.
   *
   * @returns whether the row holds the change now
   * @throws Failure `CheckpointMoved`, where the run goes on from what it knew of the row
   */
  private async change(
    patchOf: (run: RunNote | undefined) => RunPatch | undefined,
    whenMoved: 'again' | 'throw' = 'again',
  ): Promise<boolean> {
    const { checkpoint, logger } = this.parts;
    for (let tries = 1; ; tries += 1) {
      const patch = patchOf(checkpoint.row?.run);
      if (patch === undefined) return false;
      checkpoint.patchRun(patch);
      const wasRead = checkpoint.row !== undefined; // else the note is lost: nothing can be said of the table
      try {
        await checkpoint.save();
        return true;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (error.kind === 'CheckpointMoved' && wasRead) {
          if (whenMoved === 'throw') throw error;
          if (tries < maxTries && (await this.readAgain())) continue;
        }
        logger.warn('checkpoint-not-saved', { kind: error.kind, message: error.message });
        return false;
      }
    }
  }

  private async readAgain(): Promise<boolean> {
    return this.parts.checkpoint.load().then(
      () => true,
      () => false,
    );
  }

  private facts(failure: Failure): Record<string, unknown> {
    const { kind, message, remedy, facts } = failure;
    // Only a defect needs the place in the code; what cannot be reached has no interesting one.
    const stack = kind === 'Unexpected' && failure.cause instanceof Error ? failure.cause.stack : undefined;
    return { kind, message, remedy, ...facts, ...(stack !== undefined && { stack }) };
  }

  private now(): string {
    return new Date(this.parts.clock.now()).toISOString();
  }
}

function causeOf({ kind, message }: Pick<FailureNote, 'kind' | 'message'>): string {
  return `${kind}: ${message}`;
}
