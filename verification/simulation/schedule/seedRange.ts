import { added, type Counts } from '../counts.js';
import { drawSchedule } from './schedule.js';
import { simulate, type Result } from '../simulate.js';

/** Seeds that follow each other. */
export interface SeedRange {
  readonly from: number;
  readonly count: number;
}

/** The result of a range of seeds. */
export interface Tally {
  readonly schedules: number;
  readonly events: number;
  readonly happened: number;
  /** How many schedules ended in each way. */
  readonly ends: Counts;
  readonly faults: Counts;
  readonly deeds: Counts;
  readonly calls: Counts;
  /** The schedules with a violation. */
  readonly failures: readonly Result[];
}

export const nothing: Tally = {
  schedules: 0,
  events: 0,
  happened: 0,
  ends: {},
  faults: {},
  deeds: {},
  calls: {},
  failures: [],
};

/** Simulates the schedules of `count` seeds, one after the other. */
export async function simulateRange({ from, count }: SeedRange): Promise<Tally> {
  let tally = nothing;
  for (let seed = from; seed < from + count; seed++) {
    const result = await simulate(drawSchedule(seed));
    tally = sum(tally, {
      schedules: 1,
      events: result.events,
      happened: result.happened,
      ends: { [result.end]: 1 },
      faults: result.faults,
      deeds: result.deeds,
      calls: result.calls,
      failures: result.violations.length > 0 ? [result] : [],
    });
  }
  return tally;
}

export function sum(one: Tally, other: Tally): Tally {
  return {
    schedules: one.schedules + other.schedules,
    events: one.events + other.events,
    happened: one.happened + other.happened,
    ends: added(one.ends, other.ends),
    faults: added(one.faults, other.faults),
    deeds: added(one.deeds, other.deeds),
    calls: added(one.calls, other.calls),
    failures: [...one.failures, ...other.failures],
  };
}
