import { faultNames, type FaultName } from './faults.js';
import type { Schedule } from './schedule.js';
import { simulate, type Result } from '../simulate.js';

/** What is left out of a failing schedule, to make it small enough to understand. */
export interface Reduction {
  /** Indices of the actions that stay; absent means all. */
  readonly actions?: readonly number[];
  /** Numbers of the runners that stay; absent means all. */
  readonly runners?: readonly number[];
  /** Kinds of faults that are left out. */
  readonly without: readonly FaultName[];
}

export const whole: Reduction = { without: [] };

export function reduced(schedule: Schedule, { actions, runners, without }: Reduction): Schedule {
  const rates = Object.fromEntries(
    Object.entries(schedule.rates).filter(([name]) => !(without as string[]).includes(name)),
  );
  return {
    ...schedule,
    rates,
    actions: schedule.actions.filter((_, index) => actions?.includes(index) ?? true),
    runners: schedule.runners.filter(({ number }) => runners?.includes(number) ?? true),
  };
}

/** The command that plays a schedule again and shows what happens in it. */
export function replayCommand(seed: number, { actions, runners, without }: Reduction): string {
  return [
    `npm run simulate -- --seeds 1 --from ${seed} --trace`,
    actions && ` --actions ${actions.join(',') || 'none'}`,
    runners && ` --runners ${runners.join(',')}`,
    without.length > 0 && ` --without ${without.join(',')}`,
  ]
    .filter((part) => typeof part === 'string')
    .join('');
}

/**
 * Makes a failing schedule smaller. Leaves out actions, runners and kinds of faults as long as it still fails in the
 * same way.
 *
 * @param most how many schedules may be tried
 */
export async function shrink(schedule: Schedule, failure: Result, most = 200): Promise<Reduction> {
  const sort = sortOf(failure);
  let best: Reduction = {
    actions: schedule.actions.map((_, index) => index),
    runners: schedule.runners.map(({ number }) => number),
    without: faultNames.filter((name) => schedule.rates[name] === undefined),
  };
  let tried = 0;
  const fails = async (candidate: Reduction): Promise<boolean> => {
    if (++tried > most) return false;
    return sortOf(await simulate(reduced(schedule, candidate))) === sort;
  };
  const keep = async (candidate: Reduction): Promise<boolean> => {
    if (!(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let before = ''; before !== JSON.stringify(best) && tried <= most;) {
    before = JSON.stringify(best);
    await keep({ ...best, without: faultNames });
    for (const name of faultNames) {
      if (!best.without.includes(name)) await keep({ ...best, without: [...best.without, name] });
    }
    for (let size = best.actions?.length ?? 0; size >= 1; size >>= 1) {
      for (let at = 0; at < (best.actions?.length ?? 0);) {
        const actions = (best.actions ?? []).filter((_, index) => index < at || index >= at + size);
        if (!(await keep({ ...best, actions }))) at += size;
      }
    }
    for (const number of best.runners ?? []) {
      const runners = (best.runners ?? []).filter((other) => other !== number);
      if (runners.length > 0) await keep({ ...best, runners });
    }
  }
  return { ...best, without: best.without.filter((name) => schedule.rates[name] !== undefined) };
}

/** The first violation without its numbers, which differ from one try to the next; empty if there is none. */
function sortOf({ violations }: Result): string {
  const [first = ''] = violations;
  return first.replace(/[0-9a-f]{16,}|\d+/g, '#').slice(0, 60);
}
