import { setImmediate as turn } from 'node:timers/promises';

import type { Clock } from '../../core/clock.js';
import type { Cursor } from '../../core/cursor.js';
import type { RecordEvents } from '../../convert/recordEvents.js';
import type { SourceRecord } from '../../core/record.js';
import type { AppendCall, Target } from '../../target/target.js';
import type { Progress } from '../parts.js';
import { lastIdOf } from '../resume/chain.js';
import { Frontier, type Departure } from './frontier.js';
import { Lane, type Request } from './lane.js';
import { AppendWindow, type Timed } from './window.js';

/** Records taken before others have a turn. Every request gives them one, but many records make no event. */
const recordsPerTurn = 500;

/**
 * Appends to the target stream after `from`, on one call: events in, a confirmed {@link Progress} out. A {@link Lane}
 * cuts the events into requests, an {@link AppendWindow} says when one may leave, a {@link Frontier} what is confirmed.
 *
 * Every request expects the revision that the one before it will leave. If one fails, all after it fail, unless a
 * foreign append leaves just the revision that the next one expects; the next resume looks for such a hole.
 *
 * `send`, `reach` and `drain` throw the failure that ended the call.
 */
export class Pipeline {
  private readonly frontier: Frontier;
  private readonly lane: Lane;
  /** The source has given what it had at hand. */
  private pausing = false;
  private recordsSinceTurn = 0;
  private failure: Error | undefined;
  private wake: () => void = () => undefined;
  private readonly call: AppendCall;
  private readonly window: AppendWindow;

  constructor(
    target: Target,
    private readonly stream: string,
    from: Progress,
    clock: Clock,
  ) {
    this.call = target.open();
    this.window = new AppendWindow(clock);
    this.frontier = new Frontier(from);
    this.lane = new Lane(target, this.frontier, from.revision, lastIdOf(from));
  }

  /** What the target has acknowledged, always at the end of a record. */
  get confirmed(): Progress {
    return this.frontier.confirmed;
  }

  /** The highest revision that an append of ours may have left. */
  get sentTo(): number {
    return this.lane.revision;
  }

  /** True when {@link send} is due: a request is full, or others in this process are to have their turn. */
  get isFull(): boolean {
    return this.lane.isFull || this.recordsSinceTurn >= recordsPerTurn;
  }

  /**
   * Takes the events of one record, or none of them. Those that are made on demand are taken as requests leave, so
   * that no more of them is held than one request.
   *
   * @throws what `Target.measure` throws
   */
  add(events: RecordEvents, record: SourceRecord): void {
    this.lane.add(events, record);
    this.pausing = false;
    this.recordsSinceTurn++;
  }

  /**
   * Sends every full request; waits for room in the window, not for answers.
   *
   * @param signal ends it, also inside a record
   */
  async send(signal?: AbortSignal): Promise<void> {
    try {
      for (let next = this.lane.next(); next; next = this.lane.next()) {
        await this.sendOne(next);
        signal?.throwIfAborted();
      }
    } catch (thrown) {
      this.lane.leaveOff();
      throw thrown;
    }
    if (this.isFull) await this.letOthers();
    this.rethrow();
    signal?.throwIfAborted();
  }

  /**
   * The source was read up to here and may take a while to give more. This cursor is confirmed once everything taken
   * so far is. A request that is not full leaves as soon as nothing else is under way.
   */
  async reach(cursor: Cursor): Promise<void> {
    await this.send();
    this.frontier.reach(cursor, this.lane.isFilling);
    this.pausing = true;
    this.sendLoneRest();
  }

  /** Sends what is left and waits until everything is confirmed. */
  async drain(): Promise<void> {
    await this.send();
    this.lane.completeFilling();
    await this.send();
    await this.until(() => this.frontier.isComplete);
  }

  /** Gives up what is in flight. */
  close(): void {
    this.call.close();
  }

  private async sendOne(request: Request): Promise<void> {
    await this.until(() => this.window.hasRoom(request.size.bytes));
    await this.call.writable();
    this.rethrow();
    this.leave(request);
    await this.letOthers();
  }

  /** Keeps nothing of the request but what its answer needs: its events are encoded by now, and may be thousands. */
  private leave(request: Request): void {
    const expected = this.lane.depart(request);
    const departure = this.frontier.depart(request.end, request.events.at(-1)?.mark);
    const timed = this.window.sent(request.size.bytes);
    this.call.append(this.stream, request, expected).then(
      (revision) => this.answered(departure, timed, revision),
      (error: Error) => {
        this.failure ??= error;
        this.wake();
      },
    );
  }

  private answered(departure: Departure, timed: Timed, revision: number): void {
    this.window.answered(timed);
    this.frontier.answered(departure, revision);
    this.sendLoneRest();
    this.wake();
  }

  /** Sends a request that is not full when the source has nothing at hand and nothing is under way to wait for. */
  private sendLoneRest(): void {
    if (!this.pausing || this.failure || !this.frontier.isComplete || this.lane.isFull) return;
    this.lane.completeFilling();
    const rest = this.lane.next();
    if (rest) this.leave(rest);
  }

  /** Whoever else lives in this process has its turn. */
  private async letOthers(): Promise<void> {
    this.recordsSinceTurn = 0;
    await turn();
  }

  private rethrow(): void {
    // guard: failure-of-an-append
    if (this.failure) throw this.failure;
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.rethrow();
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    this.rethrow();
  }
}
