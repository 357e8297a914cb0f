import { answerOf } from './child.js';
import type { Contest, Who } from './lab/contestant.js';
import { figure, type Goal, type Line } from './figures.js';
import type { Lab } from './lab/lab.js';
import type { Measured } from './measure.js';
import { otlpSink } from './lab/otlpSink.js';
import { writeStore } from './lab/store.js';

export interface ReplicateOptions {
  /** Events in the store. Eventferry and the ceiling take all of them; the client loops take only the first ones. */
  readonly events: number;
  readonly bodyBytes: number;
  readonly rounds: number;
  /** Whether to measure also a run that sends telemetry, and a client loop with binary events. */
  readonly more: boolean;
}

const warmUpEvents = 60_000;
/** Client loops append only this share of the events: they are slow, and their rate does not depend on the number. */
const loopShare = 1 / 4;
const singleShare = 1 / 100;

/** Measures the contestants in turn, round after round. @returns their rates, and their ratios within a round */
export async function replicate(lab: Lab, where: string, options: ReplicateOptions): Promise<Line[]> {
  const { events, bodyBytes, rounds, more } = options;
  const [warmUp, store] = [await lab.newContainer(), await lab.newContainer()];
  await writeStore(warmUp, { events: Math.min(events, warmUpEvents), bodyBytes });
  await writeStore(store, { events, bodyBytes });
  const sink = await otlpSink();
  const loop = (form: 'json' | 'binary', batch: number, share: number): Who => {
    return { kind: 'clientLoop', form, batch, limit: Math.ceil(events * share) };
  };
  const contest = async (who: Who, telemetry = {}): Promise<Measured> => {
    const [first, second] = [lab.newReplication(warmUp), lab.newReplication(store)];
    const job: Contest = { who, warmUp: { ...first, ...telemetry }, measured: { ...second, ...telemetry } };
    return answerOf<Measured>(new URL('lab/contestant.ts', import.meta.url), job);
  };
  const contestants = {
    eventferry: () => contest({ kind: 'eventferry' }),
    ...(more && { telemetry: () => contest({ kind: 'eventferry' }, { OTEL_EXPORTER_OTLP_ENDPOINT: sink.endpoint }) }),
    ceiling: () => contest({ kind: 'ceiling' }),
    json: () => contest(loop('json', 500, loopShare)),
    ...(more && { binary: () => contest(loop('binary', 500, loopShare)) }),
    single: () => contest(loop('json', 1, singleShare)),
  };
  const results = new Map<string, Measured[]>(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    // The first contestant of a round finds an idle machine, so every second round runs in reverse order.
    const turns = Object.entries(contestants);
    for (const [name, run] of round % 2 === 0 ? turns : turns.reverse()) {
      const one = await run();
      results.get(name)?.push(one);
      console.error(`${where}, round ${round + 1} of ${rounds}: ${name} ${Math.round(rate(one))} events/s`);
    }
  }
  sink.stop();
  return linesOf(results, where);
}

const rate = ({ events, seconds }: Measured): number => events / seconds;
const processor = ({ events, processorSeconds }: Measured): number => (processorSeconds / events) * 1e6;

function linesOf(results: ReadonlyMap<string, readonly Measured[]>, where: string): Line[] {
  const of = (name: string): readonly Measured[] => results.get(name) ?? [];
  const each = (name: string, what: string, value: (one: Measured) => number, unit: string, goal?: Goal): Line[] => {
    if (of(name).length === 0) return [];
    return [{ name: `${where}: ${what}`, figure: figure(of(name).map(value)), unit, ...(goal && { goal }) }];
  };
  const ratio = (what: string, other: string, value: (one: Measured) => number, goal: Goal): Line[] => {
    const values = of('eventferry').flatMap((ours, round) => {
      const theirs = of(other)[round];
      return theirs ? [value(ours) / value(theirs)] : [];
    });
    return values.length === 0 ? [] : [{ name: `${where}: ${what}`, figure: figure(values), unit: '', goal }];
  };
  return [
    ...each('eventferry', 'end to end', rate, 'events/s'),
    ...each('single', 'client library, one event per append', rate, 'events/s'),
    ...each('json', 'original loop, client library, batches of 500', rate, 'events/s'),
    ...each('binary', 'the same with binaryEvent', rate, 'events/s'),
    ...each('ceiling', 'ceiling: requests encoded beforehand', rate, 'events/s'),
    ...ratio('end to end / one event per append', 'single', rate, { atLeast: 60 }),
    ...ratio('end to end / original loop', 'json', rate, { atLeast: 4 }),
    ...ratio('end to end / ceiling', 'ceiling', rate, { atLeast: 0.85 }),
    ...each('eventferry', 'processor time, end to end', processor, 'us/event', { atMost: 10 }),
    ...each('json', 'processor time, original loop', processor, 'us/event'),
    ...each('ceiling', 'processor time, ceiling', processor, 'us/event'),
    ...ratio('processor time / that of the original loop', 'json', processor, { atMost: 0.25 }),
    ...each('eventferry', 'longest hold of the event loop', ({ longestHoldMs }) => longestHoldMs, 'ms', { atMost: 50 }),
    ...ratio('rate without telemetry / rate with telemetry sent', 'telemetry', rate, { atMost: 1.05 }),
    ...ratio('processor time without telemetry / with', 'telemetry', processor, { atLeast: 0.95 }),
  ];
}
