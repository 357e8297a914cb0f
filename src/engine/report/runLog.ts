import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { RunPatch } from '../../checkpoint/keeper.js';
import { Failure } from '../../core/failure.js';
import { iso, withLinkedAbort } from '../../core/time.js';
import type { SourceLag } from '../../source/source.js';
import { noStream } from '../../target/target.js';
import { lagAt, lastWell } from './health.js';
import { LagRecorder } from './lagHistory.js';
import type { Parts, Progress } from '../parts.js';
import type { RunTerms } from '../terms.js';

/** The source is asked for its head this often while a pass is under way. */
const lookEveryMs = 2_000;

/** How many ended runs the row remembers. */
const maxRuns = 10;

/** One name for this process in the row and in log lines. */
const runner = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;

/** Keeps the run's state for people: in the checkpoint row, in the log, and on the progress line. */
export class RunLog {
  private firstRevision: number | undefined;
  private lastRevision: number | undefined;
  private lookedAtMs = -Infinity;
  private lag: SourceLag | undefined;
  private readonly startedAtMs: number;
  private readonly recorder: LagRecorder;

  constructor(
    private readonly parts: Parts,
    private readonly terms: Pick<RunTerms, 'whenCaughtUp' | 'outageWaitMs' | 'onProgress'>,
  ) {
    this.startedAtMs = parts.clock.now();
    this.recorder = new LagRecorder(parts.history, parts.clock);
  }

  started(): void {
    const { whenCaughtUp, outageWaitMs } = this.terms;
    // A run that does not wait for outages is started again by a timer.
    const single = whenCaughtUp === 'exit' && outageWaitMs !== undefined ? true : undefined;
    this.note({ runner, startedAt: iso(this.startedAtMs), endedAt: undefined, single });
  }

  /** The place where the first pass begins: what lies before it is not this run's work. */
  resumed(place: Progress): void {
    this.firstRevision ??= place.revision;
    this.rememberWell();
    this.started();
  }

  async advanced(place: Progress, signal: AbortSignal): Promise<void> {
    const now = this.parts.clock.now();
    this.moved(place);
    if (this.parts.clock.elapsed() - this.lookedAtMs >= lookEveryMs) {
      await this.look(place, signal);
      this.note({ behindSince: this.behindSince() ?? iso(now) });
    }
    this.tell(place);
  }

  /** Everything up to the source's head is confirmed. */
  async caughtUp(place: Progress, signal: AbortSignal): Promise<void> {
    this.moved(place);
    await this.look(place, signal);
    this.note({ behindSince: undefined, yielding: undefined, caughtUpAt: iso(this.parts.clock.now()) });
    this.atHead();
    await this.parts.checkpoint.save();
    this.tell(place);
  }

  /** The source holds nothing more than what is confirmed. */
  atHead(): void {
    const { telemetry, clock } = this.parts;
    telemetry.well(clock.now());
    telemetry.set('eventferry.caught_up', 1);
  }

  /** A pass failed: remember since when there is something that is not confirmed, if the source still answers. */
  async failed(place: Progress | undefined): Promise<void> {
    this.rememberWell();
    const cursor = place?.cursor ?? this.parts.checkpoint.row?.cursor;
    if (!cursor) return;
    try {
      const limit = { clock: this.parts.clock, ms: lookEveryMs };
      this.lag = await withLinkedAbort([], limit, (signal) => this.parts.source.lag(cursor, signal));
    } catch {
      return; // the failure itself is already being told
    }
    if (this.lag.bytes > 0) this.note({ behindSince: this.behindSince() ?? iso(this.parts.clock.now()) });
    this.noteLag(this.lag, false);
  }

  /** @returns for how many ms the stream has been left to another runner without the lag falling */
  async yielding(place: Progress | undefined, signal: AbortSignal): Promise<number> {
    const now = this.parts.clock.now();
    if (place) await this.look(place, signal);
    const lagBytes = this.lag?.bytes ?? 0;
    const before = this.parts.checkpoint.row?.run?.yielding;
    const yielding = before && lagBytes >= before.lagBytes ? before : { since: iso(now), lagBytes };
    this.note({ yielding });
    await this.parts.checkpoint.save();
    return now - Date.parse(yielding.since);
  }

  /** Says what the run did in one line, and saves what is not saved yet; never fails a run that is over. */
  async ended(end: string, place: Progress | undefined): Promise<void> {
    const now = this.parts.clock.now();
    await this.closed(end, place);
    this.parts.logger.info('run-ended', {
      end,
      events: this.events(place),
      position: place?.confirmed?.mark.position,
      revision: place?.revision,
      lagBytes: this.lag?.bytes,
      seconds: (now - this.startedAtMs) / 1000,
    });
  }

  /** The run is over, well or not: notes it among the last ones. Never throws a failure. */
  async closed(end: string, place: Progress | undefined): Promise<void> {
    const endedAt = iso(this.parts.clock.now());
    const run = { startedAt: iso(this.startedAtMs), endedAt, end, events: this.events(place) };
    const before = this.parts.checkpoint.row?.run?.recentRuns ?? [];
    this.parts.telemetry.add('eventferry.runs', 1, { end });
    this.note({ endedAt, recentRuns: [run, ...before].slice(0, maxRuns) });
    try {
      await this.parts.checkpoint.save();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.parts.logger.warn('checkpoint-not-saved', { kind: error.kind, message: error.message });
    }
    await this.recorder.settled();
  }

  /** How many events the stream gained since the run began. */
  events(place: Progress | undefined): number {
    return (place?.revision ?? noStream) - (this.firstRevision ?? place?.revision ?? noStream);
  }

  /** Reports the last time that all was well, as the row knows it: a new process must not reset it. */
  private rememberWell(): void {
    const wellAt = lastWell(this.parts.checkpoint.row?.run);
    if (wellAt !== undefined) this.parts.telemetry.well(wellAt);
  }

  private moved(place: Progress): void {
    const before = this.parts.checkpoint.row?.run?.movedAt;
    const moved = place.revision !== (this.lastRevision ?? this.firstRevision);
    if (moved) this.parts.telemetry.well(this.parts.clock.now());
    this.lastRevision = place.revision;
    if (moved || before === undefined) this.note({ movedAt: iso(this.parts.clock.now()) });
  }

  private async look(place: Progress, signal: AbortSignal): Promise<void> {
    this.lookedAtMs = this.parts.clock.elapsed();
    this.lag = await this.parts.source.lag(place.cursor, signal);
    this.noteLag(this.lag);
  }

  private noteLag(seen: SourceLag, well = true): void {
    const { checkpoint, telemetry } = this.parts;
    const { row } = checkpoint;
    const lag = lagAt(seen, row?.run, this.parts.clock.now());
    this.note({ lag, sourceHead: seen.head });
    telemetry.set('eventferry.lag.events', lag.events);
    telemetry.set('eventferry.lag.bytes', lag.bytes);
    telemetry.set('eventferry.lag.seconds', lag.seconds);
    telemetry.set('eventferry.caught_up', row?.run?.caughtUpAt === undefined ? 0 : 1);
    const confirmed = row?.confirmed;
    const [position, revision] = [confirmed?.mark.position ?? 0, confirmed?.revision ?? noStream];
    this.recorder.seen({ lag, position, revision, well });
  }

  private behindSince(): string | undefined {
    return this.parts.checkpoint.row?.run?.behindSince;
  }

  private tell(place: Progress): void {
    this.terms.onProgress?.({
      events: this.events(place),
      position: place.confirmed?.mark.position ?? 0,
      revision: place.revision,
      ...(this.lag && { lag: this.lag }),
    });
  }

  private note(patch: RunPatch): void {
    this.parts.checkpoint.patchRun(patch);
  }
}
