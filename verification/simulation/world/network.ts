import { Counter } from '../counts.js';
import type { Faults, Service } from '../schedule/faults.js';
import type { SimulatedProcess } from './simulatedProcess.js';
import type { SimulatedTime } from './simulatedTime.js';

/** A call to a service that has one answer, such as a call to storage. */
export interface Call<T> {
  readonly service: Service;
  /** What it does, for the list of steps: `table.replace`. */
  readonly what: string;
  /** Whether it changes anything outside the process. */
  readonly writes: boolean;
  /** Carries it out at the service, at one moment. An error that it throws is the service's answer. */
  perform(): T;
  /** The error that the client makes when it cannot reach the service or gets no answer. */
  unreachable(why: string): Error;
  /** The service's answer to a caller without rights. */
  denied(): Error;
  /** How long the client waits for an answer, in ms. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The fault of this call: the service is not reached, its answer is lost, or it acts after the client gave up. */
  readonly fails?: 'refused' | 'lost' | 'late' | undefined;
}

/** Decides at which step a process dies: before or after a call. */
export interface Steps {
  /** @returns true when the process dies at this moment */
  dies(process: SimulatedProcess, what: string, moment: 'before' | 'after', writes: boolean): boolean;
}

/** Carries calls from processes to services, with the faults that are drawn for them. */
export class Network {
  /** How often each kind of call was made. */
  readonly calls = new Counter();

  /** @param trace called with a line for each step, for a person who studies one schedule */
  constructor(
    readonly time: SimulatedTime,
    readonly faults: Faults,
    private readonly steps: Steps,
    readonly trace: (line: () => string) => void = () => undefined,
  ) {}

  /** Whether the process is dead, or dies now. */
  dies(process: SimulatedProcess, what: string, moment: 'before' | 'after', writes: boolean): boolean {
    if (!process.alive) return true;
    if (moment === 'before') this.calls.count(what);
    if (!this.steps.dies(process, what, moment, writes)) return false;
    process.kill();
    return true;
  }

  call<T>(process: SimulatedProcess, call: Call<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.dies(process, call.what, 'before', call.writes)) return reject(new Error('the process is dead'));
      const { time, faults } = this;
      let settled = false;
      const settle = (how: () => void): void => {
        if (settled) return;
        settled = true;
        call.signal?.removeEventListener('abort', abort);
        forget();
        stopWaiting();
        how();
      };
      const abort = (): void => settle(() => reject(abortError()));
      // The code of a dead process must not wait forever in this real process, so its waits end with an error. Whatever
      // that code does then has no effect.
      const forget = process.whenDead(() => settle(() => reject(new Error('the process is dead'))));
      const stopWaiting = process.clock.after(call.patienceMs, () =>
        settle(() => reject(call.unreachable(`no answer within ${call.patienceMs} ms`))),
      );
      if (call.signal?.aborted) return abort();
      call.signal?.addEventListener('abort', abort);
      const answer = (how: () => void): void => {
        time.after(faults.latency(), () => process.notice(() => settle(how)));
      };

      const state = faults.down.get(call.service);
      if (state === 'silent') return;
      if (state === 'refused' || call.fails === 'refused') return answer(() => reject(call.unreachable('refused')));
      if (state === 'denied') return answer(() => reject(call.denied()));
      const there = faults.latency();
      if (call.fails === 'late') {
        answer(() => reject(call.unreachable('the connection broke off')));
        const lateMs = there + faults.of('late').skewed(50, 20_000);
        time.after(lateMs, () => void attempt(call));
        return;
      }
      time.after(there, () => {
        const outcome = attempt(call);
        if (this.dies(process, call.what, 'after', call.writes)) return;
        if (call.fails === 'lost') answer(() => reject(call.unreachable('the connection broke off')));
        else answer(() => ('value' in outcome ? resolve(outcome.value) : reject(outcome.error)));
      });
    });
  }
}

type Outcome<T> = { readonly value: T } | { readonly error: Error };

function attempt<T>(call: Call<T>): Outcome<T> {
  try {
    return { value: call.perform() };
  } catch (error) {
    return { error: error as Error };
  }
}

export function abortError(): Error {
  const error = new Error('The operation was aborted.');
  error.name = 'AbortError';
  return error;
}
