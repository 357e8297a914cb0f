import type { ContainerClient } from '@azure/storage-blob';
import { answerOf } from './child.js';
import type { Contest, Who } from './contestant.js';
import type { Lab } from './lab.js';
import type { Measured } from './measure.js';
import { writeStore } from './store.js';

export interface ReplicateOptions {
  readonly events: number;
  readonly bodyBytes: number;
  readonly rounds: number;
}

export type Name = 'eventferry' | 'ceiling' | 'json500' | 'binary500' | 'single';

/** Every contestant, in rounds that take turns. */
export async function replicate(lab: Lab, options: ReplicateOptions): Promise<Record<Name, Measured[]>> {
  const { events, bodyBytes, rounds } = options;
  const [warmUp, measured] = [await lab.newContainer(), await lab.newContainer()];
  await writeStore(warmUp, { events: Math.min(events, 30_000), bodyBytes });
  await writeStore(measured, { events, bodyBytes });
  const contestants: Record<Name, Who> = {
    eventferry: { kind: 'eventferry' },
    ceiling: { kind: 'ceiling' },
    json500: { kind: 'clientLoop', form: 'json', batch: 500, limit: events },
    binary500: { kind: 'clientLoop', form: 'binary', batch: 500, limit: events },
    single: { kind: 'clientLoop', form: 'json', batch: 1, limit: Math.ceil(events / 20) },
  };
  const results: Record<Name, Measured[]> = { eventferry: [], ceiling: [], json500: [], binary500: [], single: [] };
  for (let round = 0; round < rounds; round++) {
    for (const [name, who] of Object.entries(contestants) as [Name, Who][]) {
      const contest = { who, warmUp: lab.newReplication(warmUp), measured: lab.newReplication(measured) };
      const one = await answerOf<Measured>('contestant', contest satisfies Contest);
      console.log(name, Math.round(one.events / one.seconds), ((1e6 * one.processorSeconds) / one.events).toFixed(2), one.longestHoldMs.toFixed(1));
      results[name].push(one);
    }
  }
  return results;
}
export type { ContainerClient };
