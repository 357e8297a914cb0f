import { setImmediate as turn } from 'node:timers/promises';

import { Failure } from '../../../src/core/failure.js';
import type { TargetEvent } from '../../../src/core/record.js';
import type { AppendCall, AppendSize, MeasuredEvents, StoredEvent, Tail, Target } from '../../../src/target/target.js';

/** What happens to an append. A `lost` one is stored and never answered. A cut call fails all its appends in flight. */
export type Fate = 'none' | 'lost' | 'cutBefore' | 'cutAfter' | 'refused';

export interface ModelTargetOptions {
  /** The fate of each append, in order; nothing happens to appends after the last of these. */
  readonly fates: readonly Fate[];
  /** How many turns of the event loop each answer takes, repeated from the start: answers may overtake each other. */
  readonly answerTurns: readonly number[];
  /** The largest append that is accepted, in bytes; the refusal of a larger one names this limit. */
  readonly limitBytes: number;
  readonly appendBytes: number;
  /** Appends that were on their way when their call was cut arrive so many turns later; undefined means never. */
  readonly lateTurns?: number | undefined;
}

/** One stream in this process that accepts, recognises and refuses appends as EventStoreDB does. */
export class ModelTarget implements Target {
  readonly stored: TargetEvent[] = [];
  appendBytes: number;
  private readonly fates: Fate[];
  private answers = 0;

  constructor(private readonly options: ModelTargetOptions) {
    this.appendBytes = options.appendBytes;
    this.fates = [...options.fates];
  }

  measure({ data, metadata, type }: TargetEvent): AppendSize {
    const bytes = data.length + metadata.length + 2 * type.length;
    return { bytes, maxBytes: bytes, sentBytes: bytes };
  }

  tail(): Promise<Tail> {
    const event = this.stored.at(-1);
    const revision = this.stored.length - 1;
    return Promise.resolve(event ? { kind: 'event', event: { ...event, revision } } : { kind: 'absent' });
  }

  // eslint-disable-next-line @typescript-eslint/require-await
  async *read(_stream: string, from: { readonly revision: number }): AsyncIterable<StoredEvent> {
    const stored = this.stored.map((event, revision) => ({ ...event, revision }));
    yield* stored.slice(Math.max(0, from.revision)); // callers only read forwards
  }

  open(): AppendCall {
    return new ModelCall(this, this.options);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  nextFate(): Fate {
    return this.fates.shift() ?? 'none';
  }

  nextAnswerTurns(): number {
    const { answerTurns } = this.options;
    return answerTurns[this.answers++ % answerTurns.length] ?? 0;
  }

  /** Stores the events, or finds them stored already. @throws Failure `WrongExpectedRevision`, `AppendTooLarge` */
  store(events: readonly TargetEvent[], expected: number): number {
    const { limitBytes } = this.options;
    const bytes = events.reduce((sum, event) => sum + this.measure(event).bytes, 0);
    if (bytes > limitBytes) {
      this.appendBytes = Math.min(this.appendBytes, limitBytes);
      throw new Failure('AppendTooLarge', `takes ${limitBytes} bytes, not ${bytes}`);
    }
    const last = this.stored.length - 1;
    if (expected === last) this.stored.push(...events);
    else if (!events.every(({ id }, index) => this.stored[expected + 1 + index]?.id === id)) {
      throw new Failure('WrongExpectedRevision', `the stream is at ${last}, not at ${expected}`);
    }
    return expected + events.length;
  }
}

class ModelCall implements AppendCall {
  private over: Error | undefined;
  private readonly inFlight = new Set<(failure: Error) => void>();
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly target: ModelTarget,
    private readonly options: ModelTargetOptions,
  ) {}

  append(_stream: string, { events }: MeasuredEvents, expected: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const give = (failure: Error): void => reject(failure);
      this.inFlight.add(give);
      if (this.over) return void reject(this.over);
      this.last = this.last.then(() => this.arrive(events, expected, resolve));
    });
  }

  writable(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.end(new Failure('AppendUncertain', 'the call was closed'));
  }

  private async arrive(
    events: readonly TargetEvent[],
    expected: number,
    resolve: (revision: number) => void,
  ): Promise<void> {
    await turn();
    if (this.over) return this.arriveLate(events, expected);
    const fate = this.target.nextFate();
    const uncertain = new Failure('AppendUncertain', `the append met ${fate}`);
    if (fate === 'refused') return this.end(new Failure('TargetRefused', 'not now'));
    if (fate === 'cutBefore') return this.end(uncertain);
    try {
      const revision = this.target.store(events, expected);
      if (fate === 'cutAfter') return this.end(uncertain);
      if (fate === 'lost') return void this.after(12, () => this.end(uncertain));
      this.after(this.target.nextAnswerTurns(), () => void (this.over ?? resolve(revision)));
    } catch (failure) {
      this.after(this.target.nextAnswerTurns(), () => this.end(failure as Error));
    }
  }

  private async arriveLate(events: readonly TargetEvent[], expected: number): Promise<void> {
    const { lateTurns } = this.options;
    if (lateTurns === undefined) return;
    for (let left = lateTurns; left > 0; left--) await turn();
    try {
      this.target.store(events, expected);
    } catch {
      // the call is over: nobody waits for this answer
    }
  }

  private after(turns: number, then: () => void): void {
    if (turns === 0) then();
    else setImmediate(() => this.after(turns - 1, then));
  }

  private end(why: Error): void {
    this.over ??= why;
    for (const reject of this.inFlight) reject(this.over);
    this.inFlight.clear();
  }
}
